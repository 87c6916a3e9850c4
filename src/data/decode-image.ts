// Decodes one image file to 8-bit pixels in the channels asked for: upright, and no larger than needed.

import sharp from "sharp";
import { decodeArray, isArrayFile } from "./array-image.js";
import { withChannels } from "./channels.js";
import { type RoomShare, withRoom } from "./decode-room.js";
import { checkSides, decodingCost, SMALL_PIXELS } from "./image-cost.js";
import { DAMAGED, exceedsPixelLimit, imageFault } from "./image-fault.js";
import { hasImageSignature, isCutSignature, isTiff, NOT_AN_IMAGE } from "./image-kind.js";
import type { PixelImage } from "./resample.js";

/** Red, green and blue from 0 to 255. */
export type Color = readonly [red: number, green: number, blue: number];

export interface DecodeOptions {
  /** The shorter side of larger images is shrunk to this. */
  readonly workingSide: number;
  /** 3 and 1: opaque sRGB and grey; 4: sRGB with transparency as it is; any number from arrays. */
  readonly channels: number;
  /** What shows through where an image is transparent. */
  readonly background: Color;
  /** An image with a side shorter than this is refused. */
  readonly minimumSize: number;
  /** An image whose decoding takes more bytes is refused before it is decoded. */
  readonly maximumBytes: number;
}

/**
 * Decodes the first frame of an image, a large one once `room` has place for it; without `room` there is place already.
 * Rejects with a one-line reason that does not name the file.
 *
 * Cutting the crop out before shrinking would make sharp decode JPEGs at full size. Shrinking the whole image to a
 * size that no crop can outgrow keeps libjpeg's and libwebp's decoding at 1/2, 1/4 or 1/8: 18 ms instead of 53 ms for
 * a crop of a 12-megapixel photograph, and 158 ms for the whole of it (2-core machine).
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions, room?: RoomShare): Promise<PixelImage> {
  if (bytes.length === 0) throw new Error("the file is empty");
  if (isArrayFile(bytes)) return withChannels(decodeArray(bytes, options), options.channels);
  if (!hasImageSignature(bytes)) throw new Error(isCutSignature(bytes) ? DAMAGED : NOT_AN_IMAGE);
  const { data, info } = (await decodeSmall(bytes, options)) ?? (await decodeLarge(bytes, options, room));
  const { width, height, channels } = info;
  const expected = options.channels === 4 ? [4] : [1, 3];
  if (!expected.includes(channels)) {
    throw new Error(`the image decodes to ${channels} channels instead of ${expected.at(-1)}`);
  }
  checkSides(info, options.minimumSize);
  return withChannels({ pixels: data, width, height, channels }, options.channels);
}

/** Whether images of so many channels are shrunk when they are read: where every channel is one of light. */
export function isShrunk(channels: number): boolean {
  return channels === 1 || channels === 3;
}

/**
 * Undefined where the image is not small. Small ones are decoded at once, since with four samples of 16 bits they take
 * 8 MiB at most, and looking at their header first would cost as much as decoding the smallest.
 */
async function decodeSmall(bytes: Uint8Array, options: DecodeOptions) {
  // Only TIFF has samples of more than 16 bits and any number of channels.
  if (isTiff(bytes)) return undefined;
  try {
    return await render(bytes, options, SMALL_PIXELS);
  } catch (error) {
    if (exceedsPixelLimit(error)) return undefined;
    throw imageFault(error);
  }
}

async function decodeLarge(bytes: Uint8Array, options: DecodeOptions, room: RoomShare | undefined) {
  const metadata = await sharp(bytes, { failOn: "error", limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => Promise.reject(imageFault(error)));
  const cost = decodingCost(bytes, metadata, options.maximumBytes);
  const decode = () => render(bytes, options, metadata.width * metadata.height);
  try {
    return await (room === undefined ? decode() : withRoom(room, cost, decode));
  } catch (error) {
    throw imageFault(error);
  }
}

function render(bytes: Uint8Array, options: DecodeOptions, limitInputPixels: number) {
  const { workingSide, channels, background } = options;
  const [r, g, b] = background;
  // Damage that hides pixels is an error; a harmless oddity such as bytes behind the end is not.
  const image = sharp(bytes, { failOn: "error", limitInputPixels, autoOrient: true });
  // libvips would weigh colours by the fourth channel when it shrinks, which is to be left as it is.
  if (channels === 4) {
    return image.toColourspace("srgb").ensureAlpha().raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  }
  return image
    .resize(workingSide, workingSide, { fit: "outside", withoutEnlargement: true, kernel: "cubic" })
    .flatten({ background: { r, g, b } })
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
}
