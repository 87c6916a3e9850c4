// PNG files whose pixels are numbers and no colours, such as masks of classes: greyscale and indexed ones, undecoded.

import { crc32, inflateSync } from "node:zlib";
import { FormatError } from "./errors.js";

/** Red, green and blue from 0 to 255. */
export type PngColor = readonly [red: number, green: number, blue: number];

export interface PngValues {
  readonly width: number;
  readonly height: number;
  /** [height, width]: grey values as they are stored, or indices into the palette; never scaled to 0 to 255. */
  readonly values: Uint8Array;
  /** Of an indexed file: the colours of its values, the last ones left out where it says none. */
  readonly palette?: readonly PngColor[];
}

const FORMAT = "greyscale or indexed PNG";
export const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const GREY = 0;
const INDEXED = 3;

/**
 * Reads a greyscale or indexed PNG of up to 8 bits a pixel. Throws FormatError for any other, for an interlaced one, for
 * damage, and for more than `mostPixels` pixels.
 */
export function decodePngValues(bytes: Uint8Array, mostPixels: number): PngValues {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!buffer.subarray(0, 8).equals(PNG_SIGNATURE)) throw new FormatError(FORMAT, "the file is no PNG");
  let header: Header | undefined;
  const parts: Buffer[] = [];
  let palette: PngColor[] | undefined;
  for (const { type, data } of chunksOf(buffer)) {
    if (header === undefined) header = parseHeader(type, data, mostPixels);
    else if (type === "IDAT") parts.push(data);
    else if (type === "PLTE" && header.isIndexed) palette = parsePalette(data);
  }
  if (header === undefined) throw new FormatError(FORMAT, "it has no header");
  const { width, height, bits } = header;
  const rowBytes = Math.ceil((width * bits) / 8);
  const rows = unfilter(inflate(Buffer.concat(parts), height * (rowBytes + 1)), rowBytes, height);
  const values = bits === 8 ? rows : unpack(rows, rowBytes, header);
  return { width, height, values, ...(palette && { palette }) };
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  readonly isIndexed: boolean;
}

/** Up to the end chunk; the checksum of each is compared. */
function* chunksOf(buffer: Buffer): Generator<{ readonly type: string; readonly data: Buffer }> {
  for (let at = 8; ; ) {
    if (at + 12 > buffer.length) throw new FormatError(FORMAT, "it ends too early");
    const length = buffer.readUInt32BE(at);
    const end = at + 8 + length;
    if (end + 4 > buffer.length) throw new FormatError(FORMAT, "it ends too early");
    const type = buffer.toString("latin1", at + 4, at + 8);
    if (crc32(buffer.subarray(at + 4, end)) !== buffer.readUInt32BE(end)) {
      throw new FormatError(FORMAT, "a checksum does not match: the file is damaged");
    }
    if (type === "IEND") return;
    yield { type, data: buffer.subarray(at + 8, end) };
    at = end + 4;
  }
}

function parseHeader(type: string, data: Buffer, mostPixels: number): Header {
  if (type !== "IHDR" || data.length !== 13) throw new FormatError(FORMAT, "it does not begin with a header");
  const [width, height] = [data.readUInt32BE(0), data.readUInt32BE(4)];
  const [bits, kind, compression, filter, interlace] = data.subarray(8) as unknown as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (kind !== GREY && kind !== INDEXED) {
    throw new FormatError(FORMAT, "found an image of colours, or with an alpha channel");
  }
  if (![1, 2, 4, 8].includes(bits)) throw new FormatError(FORMAT, `expected up to 8 bits a pixel; found ${bits}`);
  if (compression !== 0 || filter !== 0) throw new FormatError(FORMAT, "it is compressed in an unknown way");
  if (interlace !== 0) throw new FormatError(FORMAT, "it is interlaced: save it without");
  if (width === 0 || height === 0 || width * height > mostPixels) {
    throw new FormatError(FORMAT, `expected 1 to ${mostPixels} pixels; found ${width} x ${height}`);
  }
  return { width, height, bits, isIndexed: kind === INDEXED };
}

function parsePalette(data: Buffer): PngColor[] {
  if (data.length % 3 !== 0 || data.length > 768) {
    throw new FormatError(FORMAT, `expected a palette of up to 256 colours; found ${data.length} bytes`);
  }
  return Array.from(
    { length: data.length / 3 },
    (_, color) => [...data.subarray(3 * color, 3 * color + 3)] as const,
  ).map(([red, green, blue]) => [red!, green!, blue!]);
}

function inflate(compressed: Buffer, length: number): Buffer {
  let data: Buffer;
  try {
    data = inflateSync(compressed, { maxOutputLength: length });
  } catch (error) {
    throw new FormatError(FORMAT, `its data cannot be decompressed: ${(error as Error).message}`);
  }
  if (data.length !== length) {
    throw new FormatError(FORMAT, `expected ${length} bytes of decompressed data; found ${data.length}`);
  }
  return data;
}

/** Undoes the filter of each row [PNG specification, section 9]: pixels of up to 8 bits have neighbours of one byte. */
function unfilter(data: Buffer, rowBytes: number, height: number): Uint8Array {
  const rows = new Uint8Array(rowBytes * height);
  for (let y = 0; y < height; y++) {
    const filter = data[y * (rowBytes + 1)]!;
    if (filter > 4) throw new FormatError(FORMAT, `unknown filter ${filter} in row ${y}`);
    const start = y * rowBytes;
    for (let x = 0; x < rowBytes; x++) {
      const left = x > 0 ? rows[start + x - 1]! : 0;
      const up = y > 0 ? rows[start - rowBytes + x]! : 0;
      const corner = x > 0 && y > 0 ? rows[start - rowBytes + x - 1]! : 0;
      rows[start + x] = data[y * (rowBytes + 1) + 1 + x]! + predicted(filter, left, up, corner);
    }
  }
  return rows;
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  const estimate = left + up - corner;
  const [byLeft, byUp, byCorner] = [left, up, corner].map((value) => Math.abs(estimate - value)) as [
    number,
    number,
    number,
  ];
  if (byLeft <= byUp && byLeft <= byCorner) return left;
  return byUp <= byCorner ? up : corner;
}

/** Several pixels a byte, the first in the highest bits. */
function unpack(rows: Uint8Array, rowBytes: number, { width, height, bits }: Header): Uint8Array {
  const values = new Uint8Array(width * height);
  const perByte = 8 / bits;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const byte = rows[y * rowBytes + Math.floor(x / perByte)]!;
      values[y * width + x] = (byte >> (8 - bits * ((x % perByte) + 1))) & (2 ** bits - 1);
    }
  }
  return values;
}
