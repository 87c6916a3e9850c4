// Turns an image into one picture of a batch: the view is drawn, resampled and, if asked for, changed further.

import { randomStream } from "../random/index.js";
import { centreView, drawAugmentation, drawScaled, type StreamOf, type View } from "./augmentation.js";
import { adjustSaturation, changeColor } from "./color-change.js";
import { gaussianBlur } from "./gaussian-blur.js";
import { applyOperation, solarize } from "./image-operations.js";
import { type ImageSides, pixelCount, sizeOf } from "./image-size.js";
import { largestClassShare } from "./mask-view.js";
import { eraseRegion } from "./random-erasing.js";
import { type PixelImage, resampleView } from "./resample.js";
import type { Transform } from "./transform.js";

/** Where the randomness of one picture comes from: its place in the run, never the order of work. */
export interface SlotKey {
  readonly seed: number;
  readonly epoch: number;
  /** The image that the epoch's order put here, even where another one stands in for it. */
  readonly index: number;
  /** Which view of the image; the draws of one do not depend on how many there are. */
  readonly view: number;
}

/**
 * Writes a view of `image` in `sides`, in `channels`, to `out` at `offset`. Returns the view that they are.
 * `transform` asks for nothing that does not suit these channels.
 */
export function renderImage(
  image: PixelImage,
  transform: Transform,
  key: SlotKey,
  sides: ImageSides,
  out: Uint8Array,
  offset: number,
  channels = 3,
): View {
  // The first view's streams are those of a stream of single views.
  const suffix = key.view === 0 ? "" : ` of view ${key.view}`;
  const streamOf: StreamOf = (purpose) => randomStream(key.seed, purpose + suffix, key.epoch, key.index);
  const view = chooseView(image, transform, streamOf, sides);
  resampleView(image, view, sides, out, offset, channels);
  const pixels = out.subarray(offset, offset + pixelCount(sides) * channels);
  // timm puts RandAugment before the jitter; jitter, grey, blur and solarisation follow each other as in DINO.
  for (const operation of view.operations ?? []) applyOperation(pixels, sides, operation);
  if (view.color) changeColor(pixels, view.color, channels);
  if (view.grayscale) adjustSaturation(pixels, 0);
  if (view.blur !== undefined) gaussianBlur(pixels, sides, view.blur, channels);
  if (view.solarize !== undefined) solarize(pixels, view.solarize);
  if (view.filled) fillBeyond(pixels, sides, view.filled, view.flip, channels);
  if (view.erased) eraseRegion(pixels, sizeOf(sides).width, view.erased, streamOf("erasing noise"));
  return view;
}

/** Fills the part of a picture that the image does not reach: behind its last column and below its last row. */
function fillBeyond(
  pixels: Uint8Array,
  sides: ImageSides,
  { columns, rows, fill }: NonNullable<View["filled"]>,
  flip: boolean,
  channels: number,
): void {
  const { width, height } = sizeOf(sides);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (y < rows && (flip ? width - 1 - x : x) < columns) continue;
      for (let channel = 0; channel < channels; channel++) {
        pixels[(y * width + x) * channels + channel] = fill[channel] ?? 0;
      }
    }
  }
}

function chooseView(image: PixelImage, transform: Transform, streamOf: StreamOf, sides: ImageSides): View {
  const { width, height, mask } = image;
  if (transform.kind === "centre") return centreView(width, height, sides, transform);
  if (transform.kind === "scaled") {
    const classShare = mask && ((view: View) => largestClassShare({ ...image, mask }, view, sides));
    return drawScaled(streamOf, { width, height, classShare }, sides, transform);
  }
  return drawAugmentation(streamOf, width, height, sides, transform);
}
