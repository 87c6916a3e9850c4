// The same work in PyTorch, in a process of its own.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Debian's interpreter: another one on the path would not see Debian's packages. */
const PYTHON = "/usr/bin/python3";

/** The median milliseconds of a training step; null where PyTorch is not installed. */
export function torchStepMs(
  step: Readonly<Record<string, unknown>>,
  precision: "float32" | "bfloat16",
  threads: number,
): number | null {
  return medianMs("torch_step.py", { ...step, precision, threads, warmUp: 1 });
}

/** The median milliseconds of a forward pass without gradients; null where PyTorch is not installed. */
export function torchForwardMs(model: Readonly<Record<string, unknown>>, threads: number): number | null {
  return medianMs("torch_forward.py", { ...model, threads });
}

/** A step of a dense task; null where PyTorch or torchvision is not installed. */
export function torchDenseStep(
  workload: string,
  threads: number,
): { readonly seconds: number; readonly peakMemoryGiB: number } | null {
  return lastLine("torch_dense.py", { workload, threads }, "torch, torchvision") as ReturnType<typeof torchDenseStep>;
}

function medianMs(script: string, spec: object): number | null {
  const found = lastLine(script, { ...spec, repeats: 7, timeLimit: 60 }, "torch") as { medianMs: number } | null;
  return found?.medianMs ?? null;
}

/** What a script prints last; null where one of `modules` is missing. */
function lastLine(script: string, spec: object, modules: string): unknown {
  try {
    execFileSync(PYTHON, ["-c", `import ${modules}`], { stdio: "ignore" });
  } catch {
    return null;
  }
  const path = fileURLToPath(new URL(`../../bench/${script}`, import.meta.url));
  const output = execFileSync(PYTHON, [path, JSON.stringify(spec)], { encoding: "utf8" });
  return JSON.parse(output.trim().split("\n").at(-1)!);
}
