// Image files as a browser decodes them: 8-bit sRGB over a background, no larger than needed.

import { UnreadableImageError } from "../data/errors.js";
import type { PixelImage } from "../data/resample.js";
import { pageGlobals } from "./page-globals.js";

export interface DecodeOptions {
  /** The shorter side of larger images is shrunk to this many pixels. */
  readonly workingSide: number;
  /** What shows through where an image is transparent: red, green and blue from 0 to 255. */
  readonly background: readonly [number, number, number];
}

/** Throws UnreadableImageError where the browser cannot read the file as an image. */
export async function decodeImageFile(file: Blob, { workingSide, background }: DecodeOptions): Promise<PixelImage> {
  const bitmap = await pageGlobals.createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => {
    throw new UnreadableImageError(nameOf(file), "this browser cannot read it as an image");
  });
  try {
    const shrunk = Math.min(1, workingSide / Math.min(bitmap.width, bitmap.height));
    const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * shrunk))) as [
      number,
      number,
    ];
    const context = new pageGlobals.OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
    context.fillStyle = `rgb(${background.join(" ")})`;
    context.fillRect(0, 0, width, height);
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, width, height);
    return { pixels: withoutAlpha(context.getImageData(0, 0, width, height).data), width, height, channels: 3 };
  } finally {
    bitmap.close();
  }
}

function nameOf(file: Blob): string {
  return "name" in file ? String(file.name) : "the file";
}

function withoutAlpha(rgba: Uint8ClampedArray): Uint8Array {
  const pixels = new Uint8Array((rgba.length / 4) * 3);
  for (let pixel = 0; pixel < rgba.length / 4; pixel++) {
    pixels.set(rgba.subarray(4 * pixel, 4 * pixel + 3), 3 * pixel);
  }
  return pixels;
}
