// What a command needs from the world around it, so that tests can stand in for terminal, training and signals.

import type { PretrainConfig } from "../config/config.js";
import type { ProgressStream } from "../terminal/progress-line.js";
import type { ResumeOptions, RunOptions, RunSummary } from "../training/hooks.js";
import type { Warn } from "../training/newest-checkpoint.js";
import type { ReconstructOptions } from "../training/reconstruct.js";
import type { CommandProcesses } from "./processes.js";

/** The commands' view of src/training/index.ts. */
export interface Training {
  pretrain(config: PretrainConfig, outDir: string, options: RunOptions): Promise<RunSummary>;
  resume(runDir: string, options: ResumeOptions): Promise<RunSummary>;
  /** Draws originals, inputs and reconstructions of the images into one PNG file. */
  reconstruct(
    runDir: string,
    images: readonly string[],
    out: string,
    options: ReconstructOptions,
  ): Promise<{ readonly step: number }>;
}

export interface CliContext {
  readonly stdout: ProgressStream;
  readonly stderr: ProgressStream;
  /** Loads the training code, and with it the engine, only when a command needs it. */
  readonly loadTraining: () => Promise<Training>;
  /** The other processes of the command; none by default. */
  readonly processes?: CommandProcesses;
  /** What the launcher of several processes says in; by default, there is one. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Waits until the output is written; what kept some of it from being so, if anything. */
  readonly outputFailure?: () => Promise<Error | undefined>;
}

/** Where warnings of the library go: the error output, so that what a command prints can still be read by a program. */
export function warnOn({ stderr }: Pick<CliContext, "stderr">): Warn {
  return (message) => stderr.write(`warning: ${message}\n`);
}
