// Single image files through a compiled model: read as it sees them, a batch at a time, one call after the other.

import { type ImageFile, readImages } from "../data/index.js";
import { channelsOf } from "../nn/presets.js";
import type { ImageViews } from "./model-images.js";

/** A compiled model of images [images, height, width, channels], at most `batch` of them at once. */
export interface BatchedModel {
  readonly batch: number;
  /** As many values for each image. */
  readonly run: (pixels: Uint8Array) => Promise<Float32Array>;
}

/** The rows of image files, in their order. Throws UnreadableImageError, which names the file. */
export type RowsOf = (images: readonly ImageFile[]) => Promise<Float32Array[]>;

/** Calls may overlap: the model, whose runs may not, computes one of them after the other. */
export function imageRows({ batch, run }: BatchedModel, { shape, background }: ImageViews): RowsOf {
  const { imageSize, patchSize: minimumSize } = shape;
  const reading = { imageSize, channels: channelsOf(shape), minimumSize, background };
  let last: Promise<unknown> = Promise.resolve();
  const runInTurn = (pixels: Uint8Array) => {
    const turn = last.then(() => run(pixels));
    last = turn.catch(() => {});
    return turn;
  };
  return async (images) => {
    const rows: Float32Array[] = [];
    for (let first = 0; first < images.length; first += batch) {
      const read = await readImages(images.slice(first, first + batch), reading);
      const values = await runInTurn(Buffer.concat(read.map(({ pixels }) => pixels)));
      const width = values.length / read.length;
      for (const row of read.keys()) rows.push(values.slice(row * width, (row + 1) * width));
    }
    return rows;
  };
}

/** Whether it is one image, and not a list. */
export function isOne(given: ImageFile | readonly ImageFile[]): given is ImageFile {
  return !Array.isArray(given);
}
