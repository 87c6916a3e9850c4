// The newest weights of a run whose method reconstructs.
import type { Method } from "../methods/method.js";
import type { Arrays } from "../runtime/index.js";
import { CheckpointStore, type Refusal } from "./checkpoints.js";
import type { ReconstructingConfig } from "./config.js";
import { RunDirectoryError } from "./errors.js";
import { methodOf, modelOf } from "./model.js";
import { tensorOf } from "./model-state.js";
import { readReconstructingConfig, runPaths } from "./run-directory.js";

export interface ReconstructingRun {
  readonly config: ReconstructingConfig;
  readonly method: Method;
  /** Every parameter by its name. */
  readonly weights: Arrays;
  /** Of the newest intact checkpoint, and why newer ones were not used. */
  readonly step: number;
  readonly refused: readonly Refusal[];
}

/** Throws RunDirectoryError where the folder is no such run or has no checkpoint yet, CheckpointError. */
export async function openReconstructingRun(folder: string): Promise<ReconstructingRun> {
  const config = readReconstructingConfig(folder);
  const { checkpoint, refused } = await new CheckpointStore(runPaths(folder).checkpoints, config.run).loadNewest();
  if (checkpoint === null) {
    throw new RunDirectoryError(`${folder} has no checkpoint yet. Let it train on: mixedae resume ${folder}`);
  }
  const method = methodOf(config);
  const { parameters } = modelOf(config, method, method.groupSize);
  const weights = parameters.map(({ name, tensor }) => [name, tensorOf(checkpoint, name, tensor.shape)] as const);
  return { config, method, weights: Object.fromEntries(weights), step: checkpoint.step, refused };
}
