// The npy format of NumPy: read without trust, and written, float32 alone, also where the rows are not yet counted.
//
// File: magic, version, header length (2 bytes in version 1, 4 later; little-endian) | a Python dict as text | values.
// Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

import { FormatError } from "./errors.js";

/** An array of float32, row by row. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface NpyHeader {
  readonly shape: readonly number[];
  /** Bytes from the file's start to the first value. */
  readonly dataStart: number;
}

const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);
/** Values begin at a multiple of this. */
const ALIGNMENT = 64;
/** Digits of the largest whole number that JavaScript counts with. */
const COUNT_DIGITS = 16;
const LARGEST_HEADER = 1 << 16;
const LARGEST_RANK = 32;
/** Bytes of a value, by the types that are taken. */
type Types = Readonly<Record<string, number>>;
const FLOAT32: Types = { "<f4": 4 };

/**
 * The header of a file of float32 values. Its length depends on the number of axes and all sizes but the first: write
 * it with 0 rows, append the rows, and put the header with their number over the first one.
 */
export function encodeNpyHeader(shape: readonly number[]): Uint8Array {
  const count = elementCount(shape);
  if (count * 4 > Number.MAX_SAFE_INTEGER) refuse(`the shape (${shape.join(", ")}) is too large`);
  const dict = (sizes: readonly (number | string)[]) =>
    `{'descr': '<f4', 'fortran_order': False, 'shape': (${sizes.join(", ")}${sizes.length === 1 ? "," : ""}), }`;
  const [, ...others] = shape;
  const longest = shape.length === 0 ? dict([]) : dict(["9".repeat(COUNT_DIGITS), ...others]);
  const prefix = MAGIC.length + 4;
  const length = Math.ceil((prefix + longest.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = new Uint8Array(length).fill(0x20);
  header.set(MAGIC);
  header.set([1, 0], MAGIC.length);
  new DataView(header.buffer).setUint16(MAGIC.length + 2, length - prefix, true);
  header.set(new TextEncoder().encode(dict(shape)), prefix);
  header[length - 1] = 0x0a;
  return header;
}

/**
 * Reads and checks the header of a file of `fileSize` bytes; `bytes` must begin with it and may stop after it. What it
 * returns fits the file exactly. Throws FormatError.
 */
export function decodeNpyHeader(bytes: Uint8Array, fileSize: number): NpyHeader {
  const { shape, dataStart } = decodeHeader(bytes, fileSize, FLOAT32);
  return { shape, dataStart };
}

function decodeHeader(bytes: Uint8Array, fileSize: number, types: Types): NpyHeader & { readonly dtype: string } {
  if (bytes.length < 10) refuse(`a header needs at least 10 bytes, but there are ${bytes.length}`);
  if (MAGIC.some((byte, index) => bytes[index] !== byte)) refuse('the file does not begin with "\\x93NUMPY"');
  const [major, minor] = [bytes[6]!, bytes[7]!];
  if (major < 1 || major > 3 || minor !== 0) refuse(`expected version 1.0, 2.0 or 3.0; found ${major}.${minor}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const textStart = major === 1 ? 10 : 12;
  if (bytes.length < textStart) refuse(`the file ends within its header`);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > LARGEST_HEADER) refuse(`a header of ${length} bytes is announced, more than ${LARGEST_HEADER}`);
  const dataStart = textStart + length;
  if (bytes.length < dataStart) refuse(`the header takes ${dataStart} bytes, but there are ${bytes.length}`);
  const { shape, dtype } = parseHeader(new TextDecoder("latin1").decode(bytes.subarray(textStart, dataStart)), types);
  const needed = dataStart + types[dtype]! * elementCount(shape);
  if (needed !== fileSize) {
    refuse(`the shape (${shape.join(", ")}) needs ${needed} bytes, but the file has ${fileSize}`);
  }
  return { shape, dataStart, dtype };
}

/** How many bytes of a file to give `decodeNpyHeader`, at most. */
export const NPY_HEADER_BYTES = 12 + LARGEST_HEADER;

/** Reads a whole file. The values are a view on `bytes` where their alignment allows. Throws FormatError. */
export function readNpy(bytes: Uint8Array): NpyArray {
  const { shape, dataStart } = decodeNpyHeader(bytes, bytes.length);
  const data = bytes.subarray(dataStart);
  const { buffer, byteOffset, length } = data.byteOffset % 4 === 0 ? data : new Uint8Array(data);
  return { shape, data: new Float32Array(buffer, byteOffset, length / 4) };
}

/** Bytes of a value, by the types that an image may have; the first is the one to save others as. */
const IMAGE_TYPES = { "<f4": 4, "|u1": 1, "<u1": 1, "<u2": 2 } as const satisfies Types;

/** An array of an image's values, row by row: float32, or 8 or 16 bits. */
export interface NpyImage {
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array | Uint16Array;
}

/** True if the file begins like an npy file. */
export function looksLikeNpy(bytes: Uint8Array): boolean {
  return bytes.length >= MAGIC.length && MAGIC.every((byte, index) => bytes[index] === byte);
}

/** Reads a whole file of float32, uint8 or uint16. Throws FormatError. */
export function readNpyImage(bytes: Uint8Array): NpyImage {
  const { shape, dataStart, dtype } = decodeHeader(bytes, bytes.length, IMAGE_TYPES);
  // A copy begins where values of any size may.
  const { buffer } = new Uint8Array(bytes.subarray(dataStart));
  const data =
    dtype === "<f4" ? new Float32Array(buffer) : dtype === "<u2" ? new Uint16Array(buffer) : new Uint8Array(buffer);
  return { shape, data };
}

/** A whole file in memory. */
export function writeNpy({ shape, data }: NpyArray): Uint8Array {
  if (elementCount(shape) !== data.length) {
    refuse(`the shape (${shape.join(", ")}) needs ${elementCount(shape)} values, not ${data.length}`);
  }
  const header = encodeNpyHeader(shape);
  const bytes = new Uint8Array(header.length + data.byteLength);
  bytes.set(header);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  return bytes;
}

const FIELD = /\s*'(descr|fortran_order|shape)'\s*:\s*(?:'([^']*)'|(True|False)|\(([\d\s,]*)\))\s*(,?)/y;

/** The dict of a header: exactly the three keys, in any order. */
function parseHeader(text: string, types: Types): { readonly shape: number[]; readonly dtype: string } {
  const start = /^\s*\{/.exec(text)?.[0].length ?? refuse("the header is not a Python dict");
  const fields = new Map<string, RegExpExecArray>();
  FIELD.lastIndex = start;
  let end = start;
  for (let match = FIELD.exec(text); match !== null; match = FIELD.exec(text)) {
    const key = match[1]!;
    if (fields.has(key)) refuse(`the header names ${key} twice`);
    fields.set(key, match);
    end = FIELD.lastIndex;
    if (match[5] === "") break;
  }
  FIELD.lastIndex = 0;
  if (!/^\s*\}\s*$/.test(text.slice(end))) {
    refuse("the header is not a Python dict of descr, fortran_order and shape");
  }
  const [dtype, order, sizes] = [fields.get("descr")?.[2], fields.get("fortran_order")?.[3], fields.get("shape")?.[4]];
  if (dtype === undefined || order === undefined || sizes === undefined) {
    return refuse("the header does not give descr, fortran_order and shape each in its form");
  }
  if (!Object.hasOwn(types, dtype)) {
    const [wanted = ""] = Object.keys(types);
    const others = Object.keys(types).length > 1 ? `one of ${Object.keys(types).join(", ")}` : `${wanted} (float32)`;
    refuse(`expected values of type ${others}, but found ${dtype.slice(0, 40)}. Save array.astype("${wanted}")`);
  }
  const shape = sizes.split(",").map((size) => size.trim());
  if (shape.at(-1) === "") shape.pop();
  if (shape.length > LARGEST_RANK) refuse(`an array of ${shape.length} axes has more than ${LARGEST_RANK}`);
  if (shape.some((size) => !/^\d{1,16}$/.test(size))) refuse("the shape holds something that is not a size");
  if (order === "True" && shape.length > 1) {
    refuse("the values are in column order (fortran_order). Save numpy.ascontiguousarray(array)");
  }
  return { shape: shape.map(Number), dtype };
}

function elementCount(shape: readonly number[]): number {
  if (shape.length > LARGEST_RANK) refuse(`an array of ${shape.length} axes has more than ${LARGEST_RANK}`);
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) refuse(`an axis has the size ${size}`);
    count *= size;
    if (count > Number.MAX_SAFE_INTEGER / 8) refuse(`the shape (${shape.join(", ")}) is impossibly large`);
  }
  return count;
}

function refuse(problem: string): never {
  throw new FormatError("npy", problem);
}
