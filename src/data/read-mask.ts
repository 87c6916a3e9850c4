// Reads the mask of an image, at the size at which the image was decoded.

import { join } from "node:path";
import { LARGEST_LIST, readBytes } from "../files/regular-file.js";
import { decodePngValues } from "../formats/png-values.js";
import { isShortage } from "./image-fault.js";
import { reasonOf } from "./image-reader.js";
import { UNLABELLED } from "./mask-view.js";
import { sharedName } from "./shared-names.js";
import type { MaskFiles, MaskLabels } from "./targets.js";

/** Larger masks are refused before they are decoded. */
const MOST_PIXELS = 8192 ** 2;

/**
 * [height, width] of `image`, by nearest neighbours: classes, and 255 where there is no label. Throws an Error with a
 * one-line reason that does not name the file.
 */
export function readMask(files: MaskFiles, index: number, { width, height }: Size): Uint8Array {
  const { root, names, labels } = files;
  let mask: ReturnType<typeof decodePngValues>;
  try {
    mask = decodePngValues(readBytes(join(root, sharedName(names, index)), LARGEST_LIST), MOST_PIXELS);
  } catch (error) {
    throw isShortage(error) ? error : new Error(`its mask: ${reasonOf(error)}`);
  }
  checkShape("its mask", mask, { width, height });
  if (labels !== undefined) toClasses(mask.values, labels);
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

/** In place. Throws an Error for a label of no class. */
function toClasses(values: Uint8Array, { classes, fromOne }: MaskLabels): void {
  for (const [place, value] of values.entries()) {
    if (value === UNLABELLED) continue;
    const label = fromOne ? (value === 0 ? UNLABELLED : value - 1) : value;
    if (label !== UNLABELLED && label >= classes) {
      const first = fromOne ? 1 : 0;
      throw new Error(`its mask: expected labels from ${first} to ${classes - 1 + first}, or 255; found ${value}`);
    }
    values[place] = label;
  }
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
