// A model for images of another size: its position embeddings resampled.

import { describeSize, type ImageSides, sizeWord } from "../data/image-size.js";
import { modelLimits } from "../nn/model-limits.js";
import { type EncoderShape, hasWholePatches, patchCount, patchGrid } from "../nn/presets.js";
import { isSameGrid, resamplePositions } from "../nn/resample-positions.js";
import type { WeightTensor } from "../training/pretrained.js";
import { WeightsRequestError } from "./errors.js";

export interface SizedModel {
  readonly shape: EncoderShape;
  readonly tensors: ReadonlyMap<string, WeightTensor>;
  /** For messages. */
  readonly origin: string;
}

/** The model itself where the size is its own or none is given. Throws WeightsRequestError where patches do not fit it. */
export function resizeModel<Model extends SizedModel>(model: Model, imageSize: ImageSides | undefined): Model {
  const { shape } = model;
  if (imageSize === undefined) return model;
  const sized = { ...shape, imageSize };
  if (!hasWholePatches(sized)) {
    throw new WeightsRequestError(
      model.origin,
      `expected an image size that is a multiple of the patches of ${shape.patchSize}; found ${sizeWord(imageSize)}`,
    );
  }
  const [from, to] = [patchGrid(shape), patchGrid(sized)];
  if (isSameGrid(from, to)) return model;
  const patches = patchCount(sized);
  if (patches > modelLimits.patches) {
    throw new WeightsRequestError(
      model.origin,
      `expected images of at most ${modelLimits.patches} patches of ${shape.patchSize}; found ${patches}, of ${describeSize(imageSize)}`,
    );
  }
  const tensors = new Map(model.tensors);
  for (const name of ["pos_embed", "decoder_pos_embed"]) {
    const tensor = tensors.get(name);
    if (tensor === undefined) continue;
    const width = tensor.shape[2]!;
    tensors.set(name, { shape: [1, 1 + patches, width], data: resamplePositions(tensor.data, from, to, width) });
  }
  return { ...model, shape: sized, tensors };
}
