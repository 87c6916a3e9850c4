// How much memory the decoding of an image takes, from what its header says; absurd images are refused here.

import type { Metadata } from "sharp";
import { formatBytes } from "../files/regular-file.js";

/** The default limit: every image of 16,383 x 16,383 pixels in 8 bits, with or without transparency, stays below it. */
export const DEFAULT_MAXIMUM_BYTES = 2 ** 30;

/** Larger images are looked at before they are decoded. */
export const SMALL_PIXELS = 2 ** 20;

/** Of a large image: such a strip shows nothing in a square crop; resizing would keep its longer side at a hundred times the crop's. */
const MOST_EXTREME_RATIO = 100;

/** Deflate, in which PNG stores its rows, cannot shrink by more than this factor. */
const LARGEST_DEFLATE_RATIO = 1032;
/** PNG: samples of a pixel by colour type. */
const PNG_SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

const SAMPLE_BYTES: Readonly<Record<string, number>> = {
  uchar: 1,
  char: 1,
  ushort: 2,
  short: 2,
  uint: 4,
  int: 4,
  float: 4,
  double: 8,
  complex: 8,
  dpcomplex: 16,
};

/**
 * Bytes that decoding takes at its peak, measured to within a quarter: all pixels in the depth of the file; for a JPEG
 * of several scans its coefficients of two bytes instead; for AVIF several frames beside the pixels. Throws an Error of
 * a few words for an image of more than `maximumBytes`, with a file that is too short for what it announces, or with
 * an extreme shape. Only the file and the limit decide.
 */
export function decodingCost(file: Uint8Array, metadata: Metadata, maximumBytes: number): number {
  const { width, height, channels, depth, format, isProgressive, orientation = 1 } = metadata;
  const size = `${width.toLocaleString("en-US")} x ${height.toLocaleString("en-US")} pixels`;
  const isLarge = width * height > SMALL_PIXELS;
  if (isLarge && Math.max(width, height) > MOST_EXTREME_RATIO * Math.min(width, height)) {
    throw new Error(`${size}: one side is more than ${MOST_EXTREME_RATIO} times the other`);
  }
  if (format === "png" && pngBytes(file, width, height) > file.length * LARGEST_DEFLATE_RATIO) {
    throw new Error(`it announces ${size}, which ${formatBytes(file.length)} cannot hold: it is damaged or a trap`);
  }
  const pixels = width * height * channels * (SAMPLE_BYTES[depth] ?? 16);
  const copies = format === "heif" ? 6 : format === "jpeg" && isProgressive ? 2 : 1;
  // What has to be turned upright is held once more.
  const cost = pixels * (orientation > 1 ? copies + 1 : copies);
  if (cost > maximumBytes) {
    throw new Error(
      `decoding its ${size} takes ${formatBytes(cost)}, more than the limit for an image, ${formatBytes(maximumBytes)}: ` +
        "make it smaller, or raise maximumImageBytes, an option of the library",
    );
  }
  return cost;
}

/** Throws an Error of a few words for an image with a side shorter than `minimumSize` pixels. */
export function checkSides({ width, height }: { width: number; height: number }, minimumSize: number): void {
  if (Math.min(width, height) >= minimumSize) return;
  throw new Error(`the image has ${width} x ${height} pixels, but each side must have ${minimumSize}`);
}

/** What the rows of a PNG take before they are compressed. */
function pngBytes(file: Uint8Array, width: number, height: number): number {
  const [bits = 0, color = 0] = file.subarray(24, 26);
  return height * Math.ceil((width * bits * (PNG_SAMPLES[color] ?? 0)) / 8);
}
