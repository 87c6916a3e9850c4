// The newest weights of a run whose method reconstructs.

import type { PretrainConfig } from "../config/config.js";
import type { Arrays } from "../engine/index.js";
import type { ReconstructionTask } from "../methods/reconstruction-task.js";
import { reconstructionModel, reconstructionOf } from "./model.js";
import { tensorOf } from "./model-state.js";
import { openNewestCheckpoint, type Warn } from "./newest-checkpoint.js";
import { readReconstructingConfig } from "./run-config.js";

export interface ReconstructingRun {
  readonly config: PretrainConfig;
  readonly task: ReconstructionTask;
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
  const task = reconstructionOf(config)!;
  const { parameters } = reconstructionModel(config, task, task.groupSize);
  const weights = parameters.map(({ name, tensor }) => [name, tensorOf(checkpoint, name, tensor.shape)] as const);
  return { config, task, weights: Object.fromEntries(weights), step: checkpoint.step };
}
