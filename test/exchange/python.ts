// Runs short Python programs with Debian's packages, where they are installed.
import { execFileSync } from "node:child_process";

/** Debian's interpreter: another one on the path would not see Debian's packages. */
const PYTHON = "/usr/bin/python3";
const environment = { ...process.env, OMP_NUM_THREADS: "1", PYTHONDONTWRITEBYTECODE: "1" };

/** Runs a script of this repository, or a program given as text, with arguments; returns what it prints. */
export function python(program: string, ...args: string[]): string {
  const call = program.endsWith(".py") ? [program] : ["-c", program];
  return execFileSync(PYTHON, [...call, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: environment,
  });
}

/** Why a module cannot be used, or undefined where it can. */
export function missingModule(module: string, debianPackage: string): string | undefined {
  try {
    python(`import ${module}`);
    return undefined;
  } catch {
    return `needs Debian's ${debianPackage}`;
  }
}
