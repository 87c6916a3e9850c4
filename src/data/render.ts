// Turns an image into one square of a batch: the view is drawn, resampled and, if asked for, changed further.

import { randomStream } from "../random/index.js";
import { centreView, drawAugmentation, drawScaled, type StreamOf, type View } from "./augmentation.js";
import { adjustSaturation, changeColor } from "./color-change.js";
import { gaussianBlur } from "./gaussian-blur.js";
import { applyOperation, solarize } from "./image-operations.js";
import { largestClassShare } from "./mask-view.js";
import { eraseRegion } from "./random-erasing.js";
import { type PixelImage, resampleView } from "./resample.js";
import type { Transform } from "./transform.js";

/** Where the randomness of one square comes from: its place in the run, never the order of work. */
export interface SlotKey {
  readonly seed: number;
  readonly epoch: number;
  /** The image that the epoch's order put here, even where another one stands in for it. */
  readonly index: number;
  /** Which view of the image; the draws of one do not depend on how many there are. */
  readonly view: number;
}

/**
 * Writes `size` x `size` pixels of `image`, in `channels`, to `out` at `offset`. Returns the view that they are.
 * `transform` asks for nothing that does not suit these channels.
 */
export function renderImage(
  image: PixelImage,
  transform: Transform,
  key: SlotKey,
  size: number,
  out: Uint8Array,
  offset: number,
  channels = 3,
): View {
  // The first view's streams are those of a stream of single views.
  const suffix = key.view === 0 ? "" : ` of view ${key.view}`;
  const streamOf: StreamOf = (purpose) => randomStream(key.seed, purpose + suffix, key.epoch, key.index);
  const view = chooseView(image, transform, streamOf, size);
  resampleView(image, view, size, out, offset, channels);
  const square = out.subarray(offset, offset + size * size * channels);
  // timm puts RandAugment before the jitter; jitter, grey, blur and solarisation follow each other as in DINO.
  for (const operation of view.operations ?? []) applyOperation(square, size, operation);
  if (view.color) changeColor(square, view.color, channels);
  if (view.grayscale) adjustSaturation(square, 0);
  if (view.blur !== undefined) gaussianBlur(square, size, view.blur, channels);
  if (view.solarize !== undefined) solarize(square, view.solarize);
  if (view.filled) fillBeyond(square, size, view.filled, view.flip, channels);
  if (view.erased) eraseRegion(square, size, view.erased, streamOf("erasing noise"));
  return view;
}

/** Fills the part of a square that the image does not reach: behind its last column and below its last row. */
function fillBeyond(
  square: Uint8Array,
  size: number,
  { columns, rows, fill }: NonNullable<View["filled"]>,
  flip: boolean,
  channels: number,
): void {
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      if (y < rows && (flip ? size - 1 - x : x) < columns) continue;
      for (let channel = 0; channel < channels; channel++) {
        square[(y * size + x) * channels + channel] = fill[channel] ?? 0;
      }
    }
  }
}

function chooseView(image: PixelImage, transform: Transform, streamOf: StreamOf, size: number): View {
  const { width, height, mask } = image;
  if (transform.kind === "centre") return centreView(width, height, size, transform);
  if (transform.kind === "scaled") {
    const classShare = mask && ((view: View) => largestClassShare({ ...image, mask }, view, size));
    return drawScaled(streamOf, { width, height, classShare }, size, transform);
  }
  return drawAugmentation(streamOf, image.width, image.height, size, transform);
}
