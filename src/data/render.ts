// Turns an image into one square of a batch: the view is drawn, resampled and, if asked for, changed in colour.

import { randomStream } from "../random/index.js";
import { centreView, drawAugmentation, type View } from "./augmentation.js";
import { changeColor } from "./color-change.js";
import { type PixelImage, resampleView } from "./resample.js";
import type { Transform } from "./transform.js";

/** Where the randomness of one square comes from: its place in the run, never the order of work. */
export interface SlotKey {
  readonly seed: number;
  readonly epoch: number;
  /** The image that the epoch's order put here, even where another one stands in for it. */
  readonly index: number;
}

/** Writes `size` x `size` RGB pixels of `image` to `out` at `offset`. */
export function renderImage(
  image: PixelImage,
  transform: Transform,
  key: SlotKey,
  size: number,
  out: Uint8Array,
  offset: number,
): void {
  const view = chooseView(image, transform, key, size);
  resampleView(image, view, size, out, offset);
  if (view.color) changeColor(out.subarray(offset, offset + size * size * 3), view.color);
}

function chooseView(image: PixelImage, transform: Transform, key: SlotKey, size: number): View {
  if (transform.kind === "centre") return centreView(image.width, image.height, size, transform);
  const stream = randomStream(key.seed, "augmentation", key.epoch, key.index);
  return drawAugmentation(stream, image.width, image.height, transform);
}
