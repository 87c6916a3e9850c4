// From a configuration to what its method reconstructs.

import type { PretrainConfig } from "../config/config.js";
import { type PretextModel, pretextOfPixels } from "../methods/pretext-program.js";
import type { ReconstructionTask } from "../methods/reconstruction-task.js";
import { methodOf } from "../methods/registry.js";

/** How the method of a configuration reconstructs images; undefined where it does not. */
export function reconstructionOf(config: PretrainConfig): ReconstructionTask | undefined {
  return methodOf(config).reconstruction?.(config.model, config.methodOptions);
}

/** Its model and loss for the input `images` [batch, height, width, channels] of dtype uint8. */
export function reconstructionModel(config: PretrainConfig, task: ReconstructionTask, batch: number): PretextModel {
  return pretextOfPixels(task, config.model, config.data, batch);
}
