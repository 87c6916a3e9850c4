// Reads the mask of an image, at the size at which the image was decoded.

import { join } from "node:path";
import { LARGEST_LIST, readBytes } from "../files/regular-file.js";
import { decodePngValues } from "../formats/png-values.js";
import { isShortage } from "./image-fault.js";
import { reasonOf } from "./image-reader.js";
import type { PixelImage } from "./resample.js";
import { sharedName } from "./shared-names.js";
import type { MaskFiles } from "./targets.js";

/** Larger masks are refused before they are decoded. */
const MOST_PIXELS = 8192 ** 2;

/** [height, width] of `image`, by nearest neighbours. Throws an Error with a one-line reason that does not name the file. */
export function readMask({ root, names }: MaskFiles, index: number, { width, height }: PixelImage): Uint8Array {
  let mask: ReturnType<typeof decodePngValues>;
  try {
    mask = decodePngValues(readBytes(join(root, sharedName(names, index)), LARGEST_LIST), MOST_PIXELS);
  } catch (error) {
    throw isShortage(error) ? error : new Error(`its mask: ${reasonOf(error)}`);
  }
  checkShape("its mask", mask, { width, height });
  if (mask.width === width && mask.height === height) return mask.values;
  const shrunk = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * mask.height) / height) * mask.width;
    for (let x = 0; x < width; x++) {
      shrunk[y * width + x] = mask.values[row + Math.floor(((x + 0.5) * mask.width) / width)]!;
    }
  }
  return shrunk;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** An image that was shrunk has its sides rounded to whole pixels. Throws an Error as above. */
export function checkShape(what: string, target: Size, image: Size): void {
  const difference = Math.abs(target.width * image.height - target.height * image.width);
  if (difference <= Math.max(target.width, target.height)) return;
  throw new Error(
    `${what}: expected the shape of the image, ${image.width} x ${image.height} as it is decoded; ` +
      `found ${target.width} x ${target.height}`,
  );
}
