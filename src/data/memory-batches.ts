// Batches of decoded images that are all in memory: the same as a stream gives, rendered when they are asked for.

import type { Batch } from "./batch-stream.js";
import { EpochOrder } from "./epoch-order.js";
import { TooFewImagesError } from "./errors.js";
import type { PixelImage } from "./resample.js";
import { allocateViews, renderViews, type ViewGroup } from "./view-group.js";

export interface MemoryBatches {
  readonly stepsPerEpoch: number;
  /** What a step, from 1, holds: a function of the images, the groups of views and the seed alone. */
  at(step: number): Batch;
}

/** Throws TooFewImagesError. */
export function memoryBatches(
  images: readonly PixelImage[],
  groups: readonly ViewGroup[],
  { batchSize, seed }: { readonly batchSize: number; readonly seed: number },
): MemoryBatches {
  if (images.length < batchSize) throw new TooFewImagesError(images.length, batchSize);
  const order = new EpochOrder(images.length, batchSize, seed);
  return {
    stepsPerEpoch: order.stepsPerEpoch,
    at(step) {
      const began = performance.now();
      const { epoch, firstImage, indices } = order.at(step);
      const room = allocateViews(groups, batchSize);
      for (const [slot, index] of indices.entries()) {
        const shown = { image: images[index]!, index, boxes: undefined };
        renderViews(shown, groups, { seed, epoch, index }, room, slot, batchSize);
      }
      const views = groups.map(({ name, count, imageSize }, i) => ({
        name,
        count,
        imageSize,
        pixels: room.pixels[i]!,
      }));
      const { pixels, count } = views[0]!;
      const waitSeconds = (performance.now() - began) / 1000;
      const first = pixels.subarray(0, pixels.length / count);
      return { step, epoch, firstImage, places: order.places, indices, pixels: first, views, waitSeconds };
    },
  };
}
