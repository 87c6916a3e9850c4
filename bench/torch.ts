// The same training step in PyTorch, in a process of its own.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Debian's interpreter: another one on the path would not see Debian's packages. */
const PYTHON = "/usr/bin/python3";

/** The median milliseconds of a step; null where PyTorch is not installed. */
export function torchStepMs(
  step: Readonly<Record<string, unknown>>,
  precision: "float32" | "bfloat16",
  threads: number,
): number | null {
  try {
    execFileSync(PYTHON, ["-c", "import torch"], { stdio: "ignore" });
  } catch {
    return null;
  }
  const script = fileURLToPath(new URL("../../bench/torch_step.py", import.meta.url));
  const spec = { ...step, precision, threads, warmUp: 1, repeats: 7, timeLimit: 60 };
  const output = execFileSync(PYTHON, [script, JSON.stringify(spec)], { encoding: "utf8" });
  return JSON.parse(output.trim().split("\n").at(-1)!).medianMs;
}
