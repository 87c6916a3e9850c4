// A model for images of another size: its position embeddings resampled.

import { modelLimits } from "../nn/model-limits.js";
import type { EncoderShape } from "../nn/presets.js";
import { resamplePositions } from "../nn/resample-positions.js";
import type { WeightTensor } from "../training/pretrained.js";
import { WeightsRequestError } from "./errors.js";

export interface SizedModel {
  readonly shape: EncoderShape;
  readonly tensors: ReadonlyMap<string, WeightTensor>;
  /** For messages. */
  readonly origin: string;
}

/** The model itself where the size is its own or none is given. Throws WeightsRequestError where patches do not fit it. */
export function resizeModel<Model extends SizedModel>(model: Model, imageSize: number | undefined): Model {
  const { shape } = model;
  if (imageSize === undefined || imageSize === shape.imageSize) return model;
  if (imageSize % shape.patchSize !== 0) {
    throw new WeightsRequestError(
      model.origin,
      `expected an image size that is a multiple of the patches of ${shape.patchSize}; found ${imageSize}`,
    );
  }
  const [from, to] = [shape.imageSize, imageSize].map((size) => size / shape.patchSize) as [number, number];
  if (to ** 2 > modelLimits.patches) {
    throw new WeightsRequestError(
      model.origin,
      `expected images of at most ${modelLimits.patches} patches of ${shape.patchSize}; found ${to ** 2}, of ${imageSize} pixels`,
    );
  }
  const tensors = new Map(model.tensors);
  for (const name of ["pos_embed", "decoder_pos_embed"]) {
    const tensor = tensors.get(name);
    if (tensor === undefined) continue;
    const width = tensor.shape[2]!;
    tensors.set(name, { shape: [1, 1 + to * to, width], data: resamplePositions(tensor.data, from, to, width) });
  }
  return { ...model, shape: { ...shape, imageSize }, tensors };
}
