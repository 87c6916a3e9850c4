// A small encoder with weights away from their neutral starts, and images for it.

import type { FrozenEncoder } from "#src/heads/features.js";
import type { Weights } from "#src/heads/weights.js";
import { ParameterScope } from "#src/nn/parameters.js";
import type { EncoderShape } from "#src/nn/presets.js";
import { visionTransformer } from "#src/nn/vision-transformer.js";
import { randomStream } from "#src/random/index.js";

export function randomEncoder(
  shape: EncoderShape,
  seed = 7,
): FrozenEncoder & { readonly tensors: Weights<Float32Array> } {
  const scope = new ParameterScope();
  visionTransformer(scope, shape);
  const tensors = scope.parameters.map(({ name, tensor, initialize }) => {
    const stream = randomStream(seed, name, 0, 0);
    const data = initialize(tensor.shape, stream).map((value) => value + 0.05 * stream.normal());
    return [name, { shape: tensor.shape, data }] as const;
  });
  return { shape, normalization: { mean: [0.5, 0.45, 0.4], std: [0.2, 0.25, 0.3] }, tensors: new Map(tensors) };
}

/** [count, size, size, 3]. */
export function randomPixels(count: number, size: number, seed = 3): Uint8Array {
  const stream = randomStream(seed, "pixels", 0, 0);
  return Uint8Array.from({ length: count * size * size * 3 }, () => stream.integer(256));
}
