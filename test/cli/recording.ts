// Runs the program in this process and records what it prints and what it asks of the training.

import type { Training } from "#src/cli/context.js";
import { runCli } from "#src/cli/program.js";
import type { RunSummary } from "#src/training/hooks.js";

export const finished: RunSummary = {
  outcome: "finished",
  step: 2000,
  totalSteps: 2000,
  loss: 0.37123,
  seconds: 184,
  images: 256_000,
  checkpoint: "runs/a/checkpoints/step-00002000.safetensors",
  picture: null,
};

export interface Recording {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
  readonly calls: readonly (readonly [name: keyof Training, ...args: unknown[]])[];
}

/** `training` replaces what is called; by default every run finishes at once, and the output is no terminal. */
export async function record(
  args: readonly string[],
  training: Partial<Training> = {},
  terminal: { readonly isTTY?: boolean; readonly columns?: number } = {},
): Promise<Recording> {
  const text = { out: "", err: "" };
  const calls: [keyof Training, ...unknown[]][] = [];
  const stream = (name: "out" | "err") => ({
    write: (part: string) => {
      text[name] += part;
    },
    ...terminal,
  });
  const loadTraining = async (): Promise<Training> => ({
    pretrain: async (...args) => {
      calls.push(["pretrain", ...args]);
      return training.pretrain?.(...args) ?? finished;
    },
    resume: async (...args) => {
      calls.push(["resume", ...args]);
      return training.resume?.(...args) ?? finished;
    },
    reconstruct: async (...args) => {
      calls.push(["reconstruct", ...args]);
      return training.reconstruct?.(...args) ?? { step: 1234 };
    },
  });
  const exitCode = await runCli(args, { stdout: stream("out"), stderr: stream("err"), loadTraining });
  return { exitCode, ...text, calls };
}
