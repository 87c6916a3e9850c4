// Images in .npy files: arrays of any number of channels, brought to 8 bits.

import { FormatError } from "../formats/errors.js";
import { looksLikeNpy, readNpyImage } from "../formats/npy.js";
import { checkSides } from "./image-cost.js";
import type { PixelImage } from "./resample.js";

/** True if the name ends like that of an array. */
export function hasArrayName(name: string): boolean {
  return name.toLowerCase().endsWith(".npy");
}

/** True if the file begins like an array. */
export function isArrayFile(bytes: Uint8Array): boolean {
  return looksLikeNpy(bytes);
}

interface ArrayLimits {
  readonly minimumSize: number;
  readonly maximumBytes: number;
}

/**
 * An array [height, width, channels] or [height, width] as an image. uint8 stays as it is; of uint16, 65,535 becomes
 * 255, and of float32 1 does, rounded to the nearest. Throws an Error of a few words for anything else.
 */
export function decodeArray(bytes: Uint8Array, { minimumSize, maximumBytes }: ArrayLimits): PixelImage {
  // The values, and the bytes that they become.
  if (2 * bytes.length > maximumBytes) throw new Error("the array is larger than the limit for an image allows");
  const { shape, data } = readArray(bytes);
  const [height = 0, width = 0, channels = 1] = shape;
  if (shape.length < 2 || shape.length > 3 || height * width * channels === 0) {
    throw new Error(`expected an array [height, width, channels] or [height, width]; found [${shape.join(", ")}]`);
  }
  checkSides({ width, height }, minimumSize);
  return { pixels: toBytes(data), width, height, channels };
}

function readArray(bytes: Uint8Array) {
  try {
    return readNpyImage(bytes);
  } catch (error) {
    throw error instanceof FormatError ? new Error(error.problem, { cause: error }) : error;
  }
}

function toBytes(data: Float32Array | Uint8Array | Uint16Array): Uint8Array {
  if (data instanceof Uint8Array) return data;
  const bytes = new Uint8Array(data.length);
  if (data instanceof Uint16Array) {
    for (let i = 0; i < data.length; i++) bytes[i] = Math.round(data[i]! / 257);
    return bytes;
  }
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (!(value >= 0 && value <= 1)) throw new Error(`expected float32 values from 0 to 1; found ${value}. Scale them`);
    bytes[i] = Math.round(255 * value);
  }
  return bytes;
}
