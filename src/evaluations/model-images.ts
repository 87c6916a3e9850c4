// The images of a source as a model sees them.
import { type ImageSource, type OrderedReader, openOrdered } from "../data/index.js";
import { channelsOf } from "../nn/presets.js";
import type { PretrainedModel } from "../training/pretrained.js";

/** What of a model decides how its images are read. */
export type ImageViews = Pick<PretrainedModel, "shape" | "background">;

/** Reads in order, `batch` at once, at the model's image size and over its background. */
export function openModelImages(
  source: ImageSource,
  { shape, background }: ImageViews,
  { batch }: { readonly batch: number },
  signal?: AbortSignal,
): Promise<OrderedReader> {
  const { imageSize, patchSize } = shape;
  return openOrdered({
    source,
    imageSize,
    channels: channelsOf(shape),
    batchSize: batch,
    minimumSize: patchSize,
    background,
    // What is one batch is one worker's task.
    ...(source.count <= batch && { workers: 1 }),
    ...(signal && { signal }),
  });
}
