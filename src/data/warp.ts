// Moves, turns and shears RGB pixels.

import { type ImageSides, sizeOf } from "./image-size.js";

/** (x, y) of the result is taken from (a x + b y + c, d x + e y + f) of the source; pixel i spans i to i + 1. */
export type AffineMap = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** What shows where the map leaves the source: mean grey, timm's own default (our choice over ImageNet's mean colour). */
const FILL = 128;

/**
 * Warps RGB pixels in place, with Pillow's bilinear arithmetic: the edge is continued for half a pixel,
 * and values are cut down to whole ones.
 */
export function warpAffine(pixels: Uint8Array, sides: ImageSides, [a, b, c, d, e, f]: AffineMap): void {
  const source = pixels.slice();
  const { width, height } = sizeOf(sides);
  let place = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++, place += 3) {
      const x = a * (column + 0.5) + b * (row + 0.5) + c;
      const y = d * (column + 0.5) + e * (row + 0.5) + f;
      if (x < 0 || x >= width || y < 0 || y >= height) {
        pixels.fill(FILL, place, place + 3);
        continue;
      }
      const left = Math.floor(x - 0.5);
      const top = Math.floor(y - 0.5);
      const shareX = x - 0.5 - left;
      const shareY = y - 0.5 - top;
      const upper = Math.max(top, 0) * width;
      const lower = Math.min(top + 1, height - 1) * width;
      const first = Math.max(left, 0);
      const second = Math.min(left + 1, width - 1);
      for (let channel = 0; channel < 3; channel++) {
        const at = (y: number, x: number) => source[3 * (y + x) + channel]!;
        const above = between(at(upper, first), at(upper, second), shareX);
        const below = between(at(lower, first), at(lower, second), shareX);
        pixels[place + channel] = Math.trunc(between(above, below, shareY));
      }
    }
  }
}

function between(low: number, high: number, share: number): number {
  return low + (high - low) * share;
}
