// Writes indexed PNG files: a number for each pixel, and a colour for each number.

import { crc32, deflateSync } from "node:zlib";
import { PNG_SIGNATURE, type PngColor } from "./png-values.js";

/** The colour of each number. */
export type Palette = readonly PngColor[];

/**
 * A PNG of 8 bits a pixel whose pixels [height, width] are the values themselves, shown in the colours of the palette.
 * Throws RangeError where the values do not fill the picture, or one has no colour.
 */
export function encodeIndexedPng(values: Uint8Array, width: number, height: number, palette: Palette): Uint8Array {
  if (values.length !== width * height || width < 1 || height < 1) {
    throw new RangeError(`${values.length} values do not fill ${width} x ${height} pixels`);
  }
  const strange = values.find((value) => value >= palette.length);
  if (strange !== undefined || palette.length > 256) {
    throw new RangeError(
      `expected values below the ${Math.min(256, palette.length)} colours; found ${strange ?? "more colours"}`,
    );
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // 8 bits, indexed, the only compression and filter methods that there are, not interlaced.
  header.set([8, 3, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++) rows.set(values.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  return Buffer.concat([
    PNG_SIGNATURE,
    chunk("IHDR", header),
    chunk("PLTE", Buffer.from(palette.flat())),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const result = Buffer.alloc(body.length + 8);
  result.writeUInt32BE(data.length, 0);
  result.set(body, 4);
  result.writeUInt32BE(crc32(body), body.length + 4);
  return result;
}
