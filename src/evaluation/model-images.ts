// The images of a source as a model's features are computed from them.
import { type ImageSource, type OrderedReader, openOrdered } from "../data/index.js";
import type { FeatureExtractor } from "../tasks/features.js";
import type { PretrainedModel } from "../training/pretrained.js";

/** Reads in order, in batches of the extractor, at the model's image size and over its background. */
export function openModelImages(
  source: ImageSource,
  { shape, background }: PretrainedModel,
  { batch }: FeatureExtractor,
): Promise<OrderedReader> {
  const { imageSize, patchSize } = shape;
  return openOrdered({ source, imageSize, batchSize: batch, minimumSize: patchSize, background });
}
