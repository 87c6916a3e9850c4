// The view of an image's mask: the same crop, flip and size as the image's, by nearest neighbours.

import type { View } from "./augmentation.js";
import { type ImageSides, pixelCount, sizeOf } from "./image-size.js";
import type { PixelImage } from "./resample.js";

/** Marks pixels without a label, as in ADE20K's and VOC's masks. */
export const UNLABELLED = 255;

/**
 * Writes the view of the mask of `image` in `sides` to `out` at `offset`. Each pixel of the view takes the value of the
 * pixel that its centre lies on.
 */
export function resampleMask(
  image: Required<PixelImage>,
  { region, bounds, flip, filled }: View,
  sides: ImageSides,
  out: Uint8Array,
  offset: number,
): void {
  const { width, height } = sizeOf(sides);
  const columns = places(region.left, region.width, bounds.left, bounds.width, width);
  const rows = places(region.top, region.height, bounds.top, bounds.height, height);
  let place = offset;
  for (let y = 0; y < height; y++) {
    const row = rows[y]! * image.width;
    for (let x = 0; x < width; x++) {
      const column = flip ? width - 1 - x : x;
      const isBeyond = filled !== undefined && (y >= filled.rows || column >= filled.columns);
      out[place++] = isBeyond ? UNLABELLED : image.mask[row + columns[column]!]!;
    }
  }
}

/** The largest share that a class has of the labelled pixels of a view; 0 where none has a label. */
export function largestClassShare(image: Required<PixelImage>, view: View, sides: ImageSides): number {
  const labels = new Uint8Array(pixelCount(sides));
  resampleMask(image, view, sides, labels, 0);
  const counts = new Uint32Array(256);
  for (const label of labels) counts[label]!++;
  const labelled = labels.length - counts[UNLABELLED]!;
  counts[UNLABELLED] = 0;
  return labelled === 0 ? 0 : Math.max(...counts) / labelled;
}

/** Where the centres of the view's columns or rows lie in the image, within its bounds. */
function places(start: number, length: number, low: number, extent: number, size: number): Int32Array {
  const last = low + extent - 1;
  return Int32Array.from({ length: size }, (_, i) =>
    Math.min(last, Math.max(low, Math.floor(start + ((i + 0.5) * length) / size))),
  );
}
