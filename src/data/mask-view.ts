// The view of an image's mask: the same crop, flip and size as the image's, by nearest neighbours.

import type { View } from "./augmentation.js";
import type { PixelImage } from "./resample.js";

/**
 * Writes the view of the mask of `image` as `size` x `size` values to `out` at `offset`. Each pixel of the square takes
 * the value of the pixel that its centre lies on.
 */
export function resampleMask(
  { mask, width }: Required<PixelImage>,
  { region, bounds, flip }: View,
  size: number,
  out: Uint8Array,
  offset: number,
): void {
  const columns = places(region.left, region.width, bounds.left, bounds.width, size);
  const rows = places(region.top, region.height, bounds.top, bounds.height, size);
  let place = offset;
  for (let y = 0; y < size; y++) {
    const row = rows[y]! * width;
    for (let x = 0; x < size; x++) out[place++] = mask[row + columns[flip ? size - 1 - x : x]!]!;
  }
}

/** Where the centres of the square's columns or rows lie in the image, within its bounds. */
function places(start: number, length: number, low: number, extent: number, size: number): Int32Array {
  const last = low + extent - 1;
  return Int32Array.from({ length: size }, (_, i) =>
    Math.min(last, Math.max(low, Math.floor(start + ((i + 0.5) * length) / size))),
  );
}
