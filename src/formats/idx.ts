// Reads IDX files (the format of MNIST and its relatives): arrays of bytes behind a short header, gzipped or not.

import { gunzipSync, constants as zlib } from "node:zlib";
import { FormatError } from "./errors.js";

/** An IDX array of unsigned bytes, last axis fastest. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** Images of one size: `pixels` is [count, height, width, channels]. */
export interface IdxImages {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  readonly pixels: Uint8Array;
}

export interface IdxLimits {
  /** The most bytes that the array may hold. */
  readonly maximumBytes?: number;
}

const UNSIGNED_BYTE = 0x08;
const LARGEST_RANK = 4;
const LARGEST_HEADER = 4 + 4 * LARGEST_RANK;
/** Deflate cannot shrink by more than this factor, so a gzipped file bounds what may come out of it. */
const LARGEST_DEFLATE_RATIO = 1032;
/** Images shrink to a fifth or a tenth. Above `FREELY_UNPACKED` bytes, what shrinks more than this is taken for a trap. */
const LARGEST_HONEST_RATIO = 100;
const FREELY_UNPACKED = 1 << 28;

/** Reads an array of unsigned bytes of rank 1 to 4. Throws `FormatError` for anything else. */
export function readIdx(bytes: Uint8Array, limits: IdxLimits = {}): IdxArray {
  const maximumBytes = limits.maximumBytes ?? 2 ** 31 - 1;
  const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  // The header says how long the file is, so it is read before anything large is unpacked.
  const { shape, headerBytes, dataBytes } = readHeader(zipped ? gunzipStart(bytes) : bytes);
  if (dataBytes > maximumBytes) {
    throw new FormatError("IDX", `the header announces ${dataBytes} bytes, but at most ${maximumBytes} are allowed`);
  }
  if (zipped && dataBytes > bytes.length * LARGEST_DEFLATE_RATIO) {
    throw new FormatError(
      "IDX",
      `the header announces ${dataBytes} bytes, more than ${bytes.length} gzipped bytes hold`,
    );
  }
  if (zipped && dataBytes > Math.max(FREELY_UNPACKED, bytes.length * LARGEST_HONEST_RATIO)) {
    throw new FormatError(
      "IDX",
      `it unpacks to ${dataBytes} bytes, more than ${LARGEST_HONEST_RATIO} times its size; if that is right, unpack it with gunzip`,
    );
  }
  const file = zipped ? gunzipWhole(bytes, headerBytes + dataBytes) : bytes;
  if (file.length !== headerBytes + dataBytes) {
    throw new FormatError(
      "IDX",
      `shape ${shape.join(" x ")} needs ${headerBytes + dataBytes} bytes, but the file has ${file.length}`,
    );
  }
  return { shape, data: file.subarray(headerBytes) };
}

/** Reads images: rank 3 is [count, height, width] in grey, rank 4 is [count, height, width, 3] in colour. */
export function readIdxImages(bytes: Uint8Array, limits: IdxLimits = {}): IdxImages {
  const { shape, data } = readIdx(bytes, limits);
  const [count = 0, height = 0, width = 0, channels] = shape;
  if (shape.length === 3) return { count, height, width, channels: 1, pixels: data };
  if (shape.length === 4 && channels === 3) return { count, height, width, channels: 3, pixels: data };
  throw new FormatError(
    "IDX",
    `expected images of shape [count, height, width] or [count, height, width, 3], but found [${shape.join(", ")}]`,
  );
}

/** Reads labels: one byte for each image, rank 1. */
export function readIdxLabels(bytes: Uint8Array, limits: IdxLimits = {}): Uint8Array {
  const { shape, data } = readIdx(bytes, limits);
  if (shape.length !== 1)
    throw new FormatError("IDX", `expected labels of shape [count], but found [${shape.join(", ")}]`);
  return data;
}

function readHeader(bytes: Uint8Array): { shape: number[]; headerBytes: number; dataBytes: number } {
  if (bytes.length < 4) throw new FormatError("IDX", `a header needs at least 4 bytes, but there are ${bytes.length}`);
  const [zero0, zero1, type, rank = 0] = bytes;
  if (zero0 !== 0 || zero1 !== 0) throw new FormatError("IDX", "the file does not begin with two zero bytes");
  if (type !== UNSIGNED_BYTE) {
    throw new FormatError("IDX", `expected elements of type 0x08 (unsigned byte), but found type 0x${hex(type)}`);
  }
  if (rank < 1 || rank > LARGEST_RANK) {
    throw new FormatError("IDX", `expected 1 to ${LARGEST_RANK} dimensions, but found ${rank}`);
  }
  const headerBytes = 4 + 4 * rank;
  if (bytes.length < headerBytes)
    throw new FormatError("IDX", `the file ends within its header of ${headerBytes} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const shape: number[] = [];
  let dataBytes = 1;
  for (let axis = 0; axis < rank; axis++) {
    const size = view.getUint32(4 + 4 * axis);
    shape.push(size);
    dataBytes *= size;
  }
  // A product of 32-bit sizes can pass 2^53 and lose digits; such a file is far beyond every limit anyway.
  if (!Number.isSafeInteger(dataBytes)) throw new FormatError("IDX", `shape ${shape.join(" x ")} is impossibly large`);
  return { shape, headerBytes, dataBytes };
}

/** The first bytes behind the gzip layer, enough for any header. */
function gunzipStart(bytes: Uint8Array): Uint8Array {
  const step = 1024;
  // A sync flush gives what a cut-off stream holds so far instead of an error about its missing end.
  const start = gunzip(bytes.subarray(0, step), step * LARGEST_DEFLATE_RATIO, zlib.Z_SYNC_FLUSH);
  return start.subarray(0, LARGEST_HEADER);
}

function gunzipWhole(bytes: Uint8Array, expectedBytes: number): Uint8Array {
  return gunzip(bytes, expectedBytes, zlib.Z_FINISH);
}

function gunzip(bytes: Uint8Array, maxOutputLength: number, finishFlush: number): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength, finishFlush });
  } catch (error) {
    if (error instanceof RangeError) {
      throw new FormatError(
        "IDX",
        `the gzipped data is longer than the ${maxOutputLength} bytes that its header announces`,
      );
    }
    throw new FormatError(
      "IDX",
      `the gzip layer is damaged (${error instanceof Error ? error.message : String(error)})`,
    );
  }
}

function hex(byte: number | undefined): string {
  return (byte ?? 0).toString(16).padStart(2, "0");
}
