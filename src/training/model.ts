// From a configuration to its method, model and starting weights.

import { type PretrainConfig, type ReconstructingConfig, reconstructs } from "../config/config.js";
import { input, type Tensor } from "../graph/index.js";
import { ibotTask } from "../methods/ibot/task.js";
import type { Method } from "../methods/method.js";
import { type PretextModel, pretextModel } from "../methods/pretext-program.js";
import { createMethod, type MethodChoice } from "../methods/registry.js";
import type { Parameter } from "../nn/parameters.js";
import { normalizePixels } from "../nn/pixels.js";
import { randomStream } from "../random/index.js";

export function methodOf(config: ReconstructingConfig): Method {
  return createMethod({ name: config.method, options: config.methodOptions } as MethodChoice, config.model);
}

/** A method's model and loss for the input `images` [batch, imageSize, imageSize, 3] of dtype uint8. */
export function modelOf(config: ReconstructingConfig, method: Method, batch: number): PretextModel {
  const { imageSize } = config.model;
  const images = input("images", [batch, imageSize, imageSize, 3], "uint8");
  return pretextModel(method, normalizePixels(images, config.data));
}

/** What a method minimises, over which parameters. */
export interface Pretext {
  readonly loss: Tensor;
  readonly metrics: Readonly<Record<string, Tensor>>;
  readonly parameters: readonly Parameter[];
}

/** What the method of a configuration minimises for so many clean images. */
export function pretextOf(config: PretrainConfig, batch: number): Pretext {
  return reconstructs(config)
    ? modelOf(config, methodOf(config), batch)
    : ibotTask(config.model, config.methodOptions, batch, config.data);
}

/** Each parameter starts from its initialiser, with a random stream of its own. */
export function initialValues({ name, tensor, initialize }: Parameter, seed: number): Float32Array {
  return initialize(tensor.shape, randomStream(seed, `initialize ${name}`, 0, 0));
}
