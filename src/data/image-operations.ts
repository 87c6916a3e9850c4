// The operations of RandAugment on RGB pixels: tones, colours, sharpness and geometry, as Pillow has them.

import { toByte } from "./byte.js";
import { adjustBrightness, adjustContrast, adjustSaturation } from "./color-change.js";
import { type ImageSides, sizeOf } from "./image-size.js";
import { warpAffine } from "./warp.js";

/** One operation and how strongly it is applied; the unit depends on the operation. */
export interface ImageOperation {
  readonly name: OperationName;
  readonly amount: number;
}

export type OperationName = keyof typeof OPERATIONS;

type Operation = (pixels: Uint8Array, sides: ImageSides, amount: number) => void;

/** Each changes RGB pixels in place. */
const OPERATIONS = {
  /** Every channel is stretched so that its darkest value becomes 0 and its brightest 255; no amount. */
  autoContrast: (pixels) => mapEachChannel(pixels, stretchTable),
  /** Every channel is mapped so that its values are spread evenly; no amount. */
  equalize: (pixels) => mapEachChannel(pixels, equalizeTable),
  /** No amount. */
  invert: (pixels) => mapTones(pixels, (value) => 255 - value),
  /** Degrees counter-clockwise about the centre. */
  rotate: (pixels, sides, degrees) => {
    const { width, height } = sizeOf(sides);
    const cosine = Math.cos((degrees * Math.PI) / 180);
    const sine = Math.sin((degrees * Math.PI) / 180);
    const [centreX, centreY] = [width / 2, height / 2];
    const startX = centreX - cosine * centreX + sine * centreY;
    const startY = centreY - sine * centreX - cosine * centreY;
    warpAffine(pixels, sides, [cosine, -sine, startX, sine, cosine, startY]);
  },
  /** How many of the highest bits of a value are kept, 0 to 8. */
  posterize: (pixels, _, bits) => mapTones(pixels, (value) => value & ~(2 ** (8 - bits) - 1)),
  /** Values from this one on, 0 to 256, are inverted. */
  solarize: (pixels, _, threshold) => solarize(pixels, threshold),
  /** Added to values below 128. */
  solarizeAdd: (pixels, _, addend) => mapTones(pixels, (value) => (value < 128 ? value + addend : value)),
  /** The factor of the distance from grey. */
  color: (pixels, _, factor) => adjustSaturation(pixels, factor),
  /** The factor of the distance from the mean grey of the image. */
  contrast: (pixels, _, factor) => adjustContrast(pixels, factor),
  /** The factor of every value. */
  brightness: (pixels, _, factor) => adjustBrightness(pixels, factor),
  /** The factor of the distance from the smoothed image. */
  sharpness: (pixels, sides, factor) => adjustSharpness(pixels, sides, factor),
  /** Columns by which each further row is read more to the right. */
  shearX: (pixels, sides, slope) => warpAffine(pixels, sides, [1, slope, 0, 0, 1, 0]),
  /** Rows by which each further column is read lower. */
  shearY: (pixels, sides, slope) => warpAffine(pixels, sides, [1, 0, 0, slope, 1, 0]),
  /** The share of the width by which the image moves to the left. */
  translateX: (pixels, sides, share) => warpAffine(pixels, sides, [1, 0, share * sizeOf(sides).width, 0, 1, 0]),
  /** The share of the height by which the image moves up. */
  translateY: (pixels, sides, share) => warpAffine(pixels, sides, [1, 0, 0, 0, 1, share * sizeOf(sides).height]),
} as const satisfies Readonly<Record<string, Operation>>;

/** Changes RGB pixels in place. */
export function applyOperation(pixels: Uint8Array, sides: ImageSides, { name, amount }: ImageOperation): void {
  (OPERATIONS[name] as Operation)(pixels, sides, amount);
}

/** Inverts the values that are not below the threshold, in place. */
export function solarize(pixels: Uint8Array, threshold: number): void {
  mapTones(pixels, (value) => (value < threshold ? value : 255 - value));
}

function mapTones(pixels: Uint8Array, toneOf: (value: number) => number): void {
  const table = Uint8ClampedArray.from({ length: 256 }, (_, value) => toneOf(value));
  for (let at = 0; at < pixels.length; at++) pixels[at] = table[pixels[at]!]!;
}

/** Maps each channel by a table made from how often it has each value; without a table the channel stays. */
function mapEachChannel(pixels: Uint8Array, tableOf: (histogram: Uint32Array) => Uint8ClampedArray | undefined): void {
  for (let channel = 0; channel < 3; channel++) {
    const histogram = new Uint32Array(256);
    for (let at = channel; at < pixels.length; at += 3) histogram[pixels[at]!]!++;
    const table = tableOf(histogram);
    if (table) for (let at = channel; at < pixels.length; at += 3) pixels[at] = table[pixels[at]!]!;
  }
}

/** Pillow's ImageOps.autocontrast without a cutoff. */
function stretchTable(histogram: Uint32Array): Uint8ClampedArray | undefined {
  const low = histogram.findIndex((count) => count > 0);
  const high = histogram.findLastIndex((count) => count > 0);
  if (high <= low) return undefined;
  const scale = 255 / (high - low);
  return Uint8ClampedArray.from({ length: 256 }, (_, value) => Math.trunc(value * scale - low * scale));
}

/** Pillow's ImageOps.equalize: the running sum of the histogram, without the pixels of the brightest value. */
function equalizeTable(histogram: Uint32Array): Uint8ClampedArray | undefined {
  const brightest = histogram.findLastIndex((count) => count > 0);
  const step = Math.floor((sum(histogram) - histogram[brightest]!) / 255);
  if (step === 0) return undefined;
  const table = new Uint8ClampedArray(256);
  let below = Math.floor(step / 2);
  for (let value = 0; value < 256; value++) {
    table[value] = Math.floor(below / step);
    below += histogram[value]!;
  }
  return table;
}

function sum(counts: Uint32Array): number {
  return counts.reduce((total, count) => total + count, 0);
}

/**
 * Moves every value away from (factor above 1) or towards (below 1) the mean of its neighbourhood of 3 x 3, in which
 * the middle counts five times: Pillow's ImageEnhance.Sharpness. The outermost pixels have no such mean and stay.
 */
function adjustSharpness(pixels: Uint8Array, sides: ImageSides, factor: number): void {
  const { width, height } = sizeOf(sides);
  const source = pixels.slice();
  const row = 3 * width;
  for (let y = 1; y < height - 1; y++) {
    for (let at = y * row + 3; at < (y + 1) * row - 3; at++) {
      let total = 4 * source[at]!;
      for (let place = at - row; place <= at + row; place += row) {
        total += source[place - 3]! + source[place]! + source[place + 3]!;
      }
      const smooth = Math.round(total / 13);
      pixels[at] = toByte(smooth + (source[at]! - smooth) * factor);
    }
  }
}
