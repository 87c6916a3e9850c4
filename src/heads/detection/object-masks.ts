// Masks of objects: those that regions are taught, and those that are laid into an image.
import { MASK_SIDE } from "./region-heads.js";

/** The pixels of an object in its image, row by row: 1 where it is. */
export interface ObjectMask {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** Samples for each cell of a target, each way. */
const SAMPLES = 2;

/**
 * Writes the mask of an object within a region as MASK_SIDE x MASK_SIDE cells to `out` from `at` on: 1 where at least half of
 * 2 x 2 samples are of the object. `region` is given by its edges (from `row` on) in a square of `side` pixels, and `frame`
 * (from `frameRow` on) says where the square's edges lie in the image, left beyond right where it is flipped.
 */
export function maskTarget(
  mask: ObjectMask,
  regions: Float32Array,
  row: number,
  frames: Float32Array,
  frameRow: number,
  side: number,
  out: Uint8Array,
  at: number,
): void {
  const columns = samplePlaces(regions, 4 * row, frames, 4 * frameRow, side);
  const rows = samplePlaces(regions, 4 * row + 1, frames, 4 * frameRow + 1, side);
  for (let y = 0; y < MASK_SIDE; y++) {
    for (let x = 0; x < MASK_SIDE; x++) {
      let inside = 0;
      for (let sample = 0; sample < SAMPLES * SAMPLES; sample++) {
        const column = columns[SAMPLES * x + (sample % SAMPLES)]!;
        const line = rows[SAMPLES * y + Math.floor(sample / SAMPLES)]!;
        const isWithin = column >= 0 && column < mask.width && line >= 0 && line < mask.height;
        if (isWithin) inside += mask.pixels[line * mask.width + column]!;
      }
      out[at + y * MASK_SIDE + x] = 2 * inside >= SAMPLES * SAMPLES ? 1 : 0;
    }
  }
}

/** Pixels of the image that the samples of a region lie on, along one axis: edges are two values apart. */
function samplePlaces(
  regions: Float32Array,
  edge: number,
  frames: Float32Array,
  frame: number,
  side: number,
): Int32Array {
  const [low, high] = [regions[edge]!, regions[edge + 2]!];
  const [start, end] = [frames[frame]!, frames[frame + 2]!];
  const count = SAMPLES * MASK_SIDE;
  return Int32Array.from({ length: count }, (_, sample) => {
    const inSquare = low + ((sample + 0.5) / count) * (high - low);
    return Math.floor(start + (inSquare / side) * (end - start));
  });
}

/** From which share on a pixel is of the object. */
const OBJECT = 0.5;

/**
 * A mask of shares [MASK_SIDE, MASK_SIDE] from `at` on, laid into the box of an image: between its cells as between four
 * neighbours, and nothing beyond them.
 */
export function placedMask(
  shares: Float32Array,
  at: number,
  box: readonly [left: number, top: number, right: number, bottom: number],
  { width, height }: { readonly width: number; readonly height: number },
): ObjectMask {
  const pixels = new Uint8Array(width * height);
  const [left, top, right, bottom] = box;
  const [firstColumn, lastColumn] = [Math.max(0, Math.floor(left)), Math.min(width, Math.ceil(right))];
  const [firstRow, lastRow] = [Math.max(0, Math.floor(top)), Math.min(height, Math.ceil(bottom))];
  const share = (row: number, column: number) =>
    row < 0 || column < 0 || row >= MASK_SIDE || column >= MASK_SIDE ? 0 : shares[at + row * MASK_SIDE + column]!;
  for (let y = firstRow; y < lastRow; y++) {
    const line = ((y + 0.5 - top) / (bottom - top)) * MASK_SIDE - 0.5;
    const [above, down] = [Math.floor(line), line - Math.floor(line)];
    for (let x = firstColumn; x < lastColumn; x++) {
      const place = ((x + 0.5 - left) / (right - left)) * MASK_SIDE - 0.5;
      const [before, across] = [Math.floor(place), place - Math.floor(place)];
      const upper = share(above, before) * (1 - across) + share(above, before + 1) * across;
      const lower = share(above + 1, before) * (1 - across) + share(above + 1, before + 1) * across;
      if (upper * (1 - down) + lower * down >= OBJECT) pixels[y * width + x] = 1;
    }
  }
  return { width, height, pixels };
}
