// Bicubic resampling of a region of an image to another size, with the arithmetic of Pillow.

import type { View } from "./augmentation.js";
import { type ImageSides, sizeOf } from "./image-size.js";

/** An image in memory: `pixels` is [height, width, channels]; one channel is grey, three are red, green and blue. */
export interface PixelImage {
  /** [height, width], of images with a mask of classes. */
  readonly mask?: Uint8Array;
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

// A call into libvips costs 0.7 ms for a 64-pixel image, nearly all of it setting up the pipeline; these loops take
// 0.1 ms. Pillow's filter (antialiased, cubic with a = -0.5, 22-bit coefficients, bytes between the passes) is what
// most published models were trained with.
const PRECISION_BITS = 22;
const HALF = 1 << (PRECISION_BITS - 1);
const SUPPORT = 2;

/**
 * Writes the view of `image` in `sides` to `out` at `offset`, in the channels of the image or, of a grey
 * one, in three equal ones. Every channel is resampled alone; colours are not changed here.
 */
export function resampleView(
  image: PixelImage,
  view: Pick<View, "region" | "bounds" | "flip">,
  sides: ImageSides,
  out: Uint8Array,
  offset: number,
  channels = 3,
): void {
  const { region, bounds, flip } = view;
  const { width, height } = sizeOf(sides);
  const columns = computeTaps(columnTaps, region.left, region.width, bounds.left, bounds.left + bounds.width, width);
  const rows = computeTaps(rowTaps, region.top, region.height, bounds.top, bounds.top + bounds.height, height);
  const firstRow = rows.first[0]!;
  const lastRow = rows.first[height - 1]! + rows.count[height - 1]!;
  const stride = width * image.channels;
  if (between.length < (lastRow - firstRow) * stride) between = new Uint8Array((lastRow - firstRow) * stride);
  if (image.channels === 3) shrinkRowsOfColor(image, columns, firstRow, lastRow, width, flip);
  else if (image.channels === 1) shrinkRowsOfGrey(image, columns, firstRow, lastRow, width, flip);
  else shrinkRowsOfMany(image, columns, firstRow, lastRow, width, flip);
  shrinkColumns(rows, firstRow, stride, image.channels === 1 && channels === 3, height, out, offset);
}

/** For each output pixel: the first input pixel under the filter, how many there are, and their weights. */
interface Taps {
  first: Int32Array;
  count: Int32Array;
  weights: Int32Array;
  /** Places between the weights of one output pixel and the next. */
  stride: number;
}

// Scratch memory of this thread, so that an image costs no allocation.
const emptyTaps = (): Taps => ({
  first: new Int32Array(0),
  count: new Int32Array(0),
  weights: new Int32Array(0),
  stride: 0,
});
const columnTaps = emptyTaps();
const rowTaps = emptyTaps();
let raw = new Float64Array(0);
let between = new Uint8Array(0);

function computeTaps(taps: Taps, start: number, length: number, low: number, high: number, size: number): Taps {
  const scale = length / size;
  const filterScale = Math.max(scale, 1);
  const support = SUPPORT * filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  if (taps.first.length < size) {
    taps.first = new Int32Array(size);
    taps.count = new Int32Array(size);
  }
  if (taps.weights.length < size * stride) taps.weights = new Int32Array(size * stride);
  if (raw.length < stride) raw = new Float64Array(stride);
  taps.stride = stride;
  const limit = high - low;
  for (let i = 0; i < size; i++) {
    // Pixels that lie beyond the bounds take those at the edge.
    const centre = Math.min(limit, Math.max(0, start - low + (i + 0.5) * scale));
    const from = Math.max(0, Math.floor(centre - support + 0.5));
    const count = Math.min(limit, Math.floor(centre + support + 0.5)) - from;
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const weight = cubic((from + k - centre + 0.5) / filterScale);
      raw[k] = weight;
      sum += weight;
    }
    for (let k = 0; k < count; k++) {
      const weight = (raw[k]! / sum) * 2 ** PRECISION_BITS;
      taps.weights[i * stride + k] = weight < 0 ? Math.trunc(weight - 0.5) : Math.trunc(weight + 0.5);
    }
    taps.first[i] = low + from;
    taps.count[i] = count;
  }
  return taps;
}

/** Keys' cubic convolution with a = -0.5 (Keys 1981). */
function cubic(x: number): number {
  const t = Math.abs(x);
  if (t < 1) return (1.5 * t - 2.5) * t * t + 1;
  if (t < 2) return ((-0.5 * t + 2.5) * t - 4) * t + 2;
  return 0;
}

function shrinkRowsOfColor(image: PixelImage, taps: Taps, from: number, to: number, size: number, flip: boolean): void {
  const { pixels, width } = image;
  const { first, count, weights, stride } = taps;
  const target = between;
  for (let y = from; y < to; y++) {
    const row = y * width * 3;
    const targetRow = (y - from) * size * 3;
    for (let x = 0; x < size; x++) {
      let at = row + first[x]! * 3;
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      const end = x * stride + count[x]!;
      for (let k = x * stride; k < end; k++) {
        const weight = weights[k]!;
        red = (red + Math.imul(weight, pixels[at]!)) | 0;
        green = (green + Math.imul(weight, pixels[at + 1]!)) | 0;
        blue = (blue + Math.imul(weight, pixels[at + 2]!)) | 0;
        at += 3;
      }
      const place = targetRow + (flip ? size - 1 - x : x) * 3;
      target[place] = toByte(red);
      target[place + 1] = toByte(green);
      target[place + 2] = toByte(blue);
    }
  }
}

function shrinkRowsOfGrey(image: PixelImage, taps: Taps, from: number, to: number, size: number, flip: boolean): void {
  const { pixels, width } = image;
  const { first, count, weights, stride } = taps;
  const target = between;
  for (let y = from; y < to; y++) {
    for (let x = 0; x < size; x++) {
      let at = y * width + first[x]!;
      let grey = HALF;
      const end = x * stride + count[x]!;
      for (let k = x * stride; k < end; k++) grey = (grey + Math.imul(weights[k]!, pixels[at++]!)) | 0;
      target[(y - from) * size + (flip ? size - 1 - x : x)] = toByte(grey);
    }
  }
}

function shrinkRowsOfMany(image: PixelImage, taps: Taps, from: number, to: number, size: number, flip: boolean): void {
  const { pixels, width, channels } = image;
  const { first, count, weights, stride } = taps;
  const target = between;
  for (let y = from; y < to; y++) {
    for (let x = 0; x < size; x++) {
      const start = (y * width + first[x]!) * channels;
      const place = ((y - from) * size + (flip ? size - 1 - x : x)) * channels;
      const end = x * stride + count[x]!;
      for (let channel = 0; channel < channels; channel++) {
        let at = start + channel;
        let value = HALF;
        for (let k = x * stride; k < end; k++) {
          value = (value + Math.imul(weights[k]!, pixels[at]!)) | 0;
          at += channels;
        }
        target[place + channel] = toByte(value);
      }
    }
  }
}

/** `repeats`: each value is written three times. */
function shrinkColumns(
  taps: Taps,
  firstRow: number,
  rowLength: number,
  repeats: boolean,
  size: number,
  out: Uint8Array,
  offset: number,
): void {
  const source = between;
  const { first, count, weights, stride } = taps;
  let place = offset;
  for (let y = 0; y < size; y++) {
    const top = (first[y]! - firstRow) * rowLength;
    const start = y * stride;
    const end = start + count[y]!;
    for (let x = 0; x < rowLength; x++) {
      let value = HALF;
      let at = top + x;
      for (let k = start; k < end; k++) {
        value = (value + Math.imul(weights[k]!, source[at]!)) | 0;
        at += rowLength;
      }
      const byte = toByte(value);
      out[place++] = byte;
      if (repeats) {
        out[place++] = byte;
        out[place++] = byte;
      }
    }
  }
}

function toByte(fixed: number): number {
  const value = fixed >> PRECISION_BITS;
  return Math.max(0, Math.min(255, value));
}
