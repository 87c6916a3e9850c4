// The newest weights of a run whose method reconstructs.

import type { ReconstructingConfig } from "../config/config.js";
import type { Arrays } from "../engine/index.js";
import type { Method } from "../methods/method.js";
import { methodOf, modelOf } from "./model.js";
import { tensorOf } from "./model-state.js";
import { openNewestCheckpoint, type Warn } from "./newest-checkpoint.js";
import { readReconstructingConfig } from "./run-config.js";

export interface ReconstructingRun {
  readonly config: ReconstructingConfig;
  readonly method: Method;
  /** Every parameter by its name. */
  readonly weights: Arrays;
  /** Of the newest intact checkpoint. */
  readonly step: number;
}

/**
 * `warn` is told where a newer checkpoint is damaged. Throws RunDirectoryError where the folder is no such run or has no
 * checkpoint yet, CheckpointError.
 */
export async function openReconstructingRun(folder: string, warn?: Warn): Promise<ReconstructingRun> {
  const config = readReconstructingConfig(folder);
  const checkpoint = await openNewestCheckpoint(folder, warn);
  const method = methodOf(config);
  const { parameters } = modelOf(config, method, method.groupSize);
  const weights = parameters.map(({ name, tensor }) => [name, tensorOf(checkpoint, name, tensor.shape)] as const);
  return { config, method, weights: Object.fromEntries(weights), step: checkpoint.step };
}
