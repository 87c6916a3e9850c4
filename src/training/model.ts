// From a configuration to what its method reconstructs, and to starting weights.

import type { PretrainConfig } from "../config/config.js";
import { type PretextModel, pretextOfPixels } from "../methods/pretext-program.js";
import type { ReconstructionTask } from "../methods/reconstruction-task.js";
import { methodOf } from "../methods/registry.js";
import type { Parameter } from "../nn/parameters.js";
import { randomStream } from "../random/index.js";

/** How the method of a configuration reconstructs images; undefined where it does not. */
export function reconstructionOf(config: PretrainConfig): ReconstructionTask | undefined {
  return methodOf(config).reconstruction?.(config.model, config.methodOptions);
}

/** Its model and loss for the input `images` [batch, imageSize, imageSize, 3] of dtype uint8. */
export function reconstructionModel(config: PretrainConfig, task: ReconstructionTask, batch: number): PretextModel {
  return pretextOfPixels(task, config.model.imageSize, config.data, batch);
}

/** Each parameter starts from its initialiser, with a random stream of its own. */
export function initialValues({ name, tensor, initialize }: Parameter, seed: number): Float32Array {
  return initialize(tensor.shape, randomStream(seed, `initialize ${name}`, 0, 0));
}
