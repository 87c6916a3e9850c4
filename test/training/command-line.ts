// The mixedae program as a process of its own, for tests that stop or kill it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export const programPath = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningProgram {
  /** Resolves when the output holds the text, or when the process ends without it. */
  printed(text: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Reads nothing more, so that what it writes fails. */
  closeOutput(): void;
  /** Resolves when it has ended, of itself or not. */
  readonly ended: Promise<Ended>;
}

/** Starts the program; `prefix` may put another command before it, such as one that sets limits. */
export function startProgram(args: readonly string[], prefix: readonly string[] = []): RunningProgram {
  const [command = "", ...rest] = [...prefix, process.execPath, programPath, ...args];
  const child = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  let look = () => {};
  child.stdout.on("data", (chunk) => {
    stdout += String(chunk);
    look();
  });
  child.stderr.on("data", (chunk) => {
    stderr += String(chunk);
  });
  const ended = once(child, "close").then(([code, signal]): Ended => ({ code, signal, stdout, stderr }));
  return {
    kill: (signal) => child.kill(signal),
    closeOutput: () => {
      child.stdout.destroy();
      child.stderr.destroy();
    },
    ended,
    printed: (text) => {
      const found = new Promise<void>((resolve) => {
        look = () => {
          if (stdout.includes(text)) resolve();
        };
        look();
      });
      return Promise.race([found, ended.then(() => {})]);
    },
  };
}
