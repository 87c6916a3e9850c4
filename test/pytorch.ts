// Runs Python programs with Debian's PyTorch, where it is installed.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  encodeSafetensors,
  joinSafetensors,
  readSafetensors,
  type SafetensorsEntry,
} from "#src/formats/safetensors.js";

/** Debian's interpreter: another one on the path would not see Debian's packages. */
const PYTHON = "/usr/bin/python3";

/** Why PyTorch cannot be used, or undefined where it can. */
export const pytorchMissing = ((): string | undefined => {
  try {
    execFileSync(PYTHON, ["-c", "import torch, numpy"], { stdio: "pipe" });
    return undefined;
  } catch {
    return "needs Debian's python3-torch";
  }
})();

/** Passes tensors to a script of this repository as one file and returns those that it writes. */
export function runPython(script: string, tensors: readonly SafetensorsEntry[], config: object) {
  const folder = mkdtempSync(join(tmpdir(), "mixedae-python-"));
  try {
    const [input, output] = [join(folder, "in.safetensors"), join(folder, "out.safetensors")];
    writeFileSync(input, joinSafetensors(encodeSafetensors(tensors, { config: JSON.stringify(config) })));
    execFileSync(PYTHON, [script, input, output], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, OMP_NUM_THREADS: "1" },
    });
    return readSafetensors(new Uint8Array(readFileSync(output))).tensors;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
