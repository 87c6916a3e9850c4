// From a configuration to its method, model and starting weights.
import { input } from "../graph/index.js";
import type { Method } from "../methods/method.js";
import { type PretextModel, pretextModel } from "../methods/pretext-program.js";
import { createMethod, type MethodChoice } from "../methods/registry.js";
import type { Parameter } from "../nn/parameters.js";
import { normalizePixels } from "../nn/pixels.js";
import { randomStream } from "../random/index.js";
import type { PretrainConfig } from "./config.js";

export function methodOf(config: PretrainConfig): Method {
  return createMethod({ name: config.method, options: config.methodOptions } as MethodChoice, config.model);
}

/** A method's model and loss for the input `images` [batch, imageSize, imageSize, 3] of dtype uint8. */
export function modelOf(config: PretrainConfig, method: Method, batch: number): PretextModel {
  const { imageSize } = config.model;
  const images = input("images", [batch, imageSize, imageSize, 3], "uint8");
  return pretextModel(method, normalizePixels(images, config.data));
}

/** Each parameter starts from its initialiser, with a random stream of its own. */
export function initialValues({ name, tensor, initialize }: Parameter, seed: number): Float32Array {
  return initialize(tensor.shape, randomStream(seed, `initialize ${name}`, 0, 0));
}
