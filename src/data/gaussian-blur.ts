// Blurs a view.

import { toByte } from "./byte.js";
import { type ImageSides, sizeOf } from "./image-size.js";

/** Beyond three deviations lie 0.3% of a Gaussian. */
const REACH = 3;

/**
 * Convolves pixels, each channel alone, in place, with a Gaussian whose standard deviation is `sigma` pixels, cut off at
 * three of them and normalised. The outermost pixels go on beyond the border. This is the Gaussian itself; Pillow's
 * GaussianBlur, which calls `sigma` the radius, stands three box filters for it, each with that rule at the border.
 */
export function gaussianBlur(pixels: Uint8Array, sides: ImageSides, sigma: number, channels = 3): void {
  const weights = gaussianWeights(sigma);
  const values = Float32Array.from(pixels);
  const { width, height } = sizeOf(sides);
  const row = channels * width;
  convolveLines(values, weights, { count: height, length: width, channels, step: channels, skip: row });
  convolveLines(values, weights, { count: width, length: height, channels, step: row, skip: channels });
  for (let at = 0; at < pixels.length; at++) pixels[at] = toByte(values[at]!);
}

/** The weight at each distance from 0 on; all weights, those on both sides, add up to one. */
function gaussianWeights(sigma: number): Float64Array {
  const weights = Float64Array.from({ length: Math.ceil(REACH * sigma) + 1 }, (_, distance) =>
    Math.exp(-0.5 * (distance / sigma) ** 2),
  );
  const total = 2 * weights.reduce((sum, weight) => sum + weight, 0) - weights[0]!;
  return weights.map((weight) => weight / total);
}

/** `step` leads from one value of a line to the next, `skip` to the next line. */
interface Lines {
  readonly count: number;
  readonly length: number;
  readonly channels: number;
  readonly step: number;
  readonly skip: number;
}

function convolveLines(
  values: Float32Array,
  weights: Float64Array,
  { count, length, channels, step, skip }: Lines,
): void {
  const reach = weights.length - 1;
  const padded = new Float64Array(length + 2 * reach);
  for (let line = 0; line < count; line++) {
    for (let channel = 0; channel < channels; channel++) {
      const start = line * skip + channel;
      for (let i = 0; i < length; i++) padded[reach + i] = values[start + i * step]!;
      padded.fill(padded[reach]!, 0, reach);
      padded.fill(padded[reach + length - 1]!, reach + length);
      for (let i = 0; i < length; i++) {
        const centre = reach + i;
        let value = weights[0]! * padded[centre]!;
        for (let k = 1; k <= reach; k++) value += weights[k]! * (padded[centre - k]! + padded[centre + k]!);
        values[start + i * step] = value;
      }
    }
  }
}
