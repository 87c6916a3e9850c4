// The safetensors format: named tensors behind a JSON header, written without copies and read without trust.
//
// File: header length (u64, little-endian) | JSON header, padded with spaces | tensor bytes, little-endian, row-major.
// The header maps each name to {"dtype", "shape", "data_offsets": [begin, end]}, offsets counted from the first tensor
// byte, and may hold "__metadata__", an object of strings. Names are unique; the tensors cover the data without holes.
// Source: https://github.com/huggingface/safetensors#format

import {
  isWellFormed,
  MAX_KEYS,
  MAX_RANK,
  METADATA,
  type Offsets,
  parseHeader,
  refuse,
  shown,
} from "./safetensors-header.js";

/** Room for `MAX_KEYS` entries; the reference implementation reads up to 100 MB, which no list of weights comes near. */
const MAX_HEADER_BYTES = 1 << 24;

/** Array type of each dtype. F16 and BF16 are raw bit patterns; BOOL is one byte a value. */
interface SafetensorsArrays {
  F64: Float64Array;
  F32: Float32Array;
  F16: Uint16Array;
  BF16: Uint16Array;
  I64: BigInt64Array;
  I32: Int32Array;
  I16: Int16Array;
  I8: Int8Array;
  U8: Uint8Array;
  BOOL: Uint8Array;
}

/** The types of elements that are read and written. */
export type SafetensorsDtype = keyof SafetensorsArrays;

type ArrayType<D extends SafetensorsDtype> = {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): SafetensorsArrays[D];
  readonly BYTES_PER_ELEMENT: number;
  readonly name: string;
};

const arrayTypes: { readonly [D in SafetensorsDtype]: ArrayType<D> } = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
};

/** One named tensor; `data` holds its values in row-major order and `dtype` says which array type it is. */
export type SafetensorsEntry = {
  readonly [D in SafetensorsDtype]: {
    readonly name: string;
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: SafetensorsArrays[D];
  };
}[SafetensorsDtype];

/** A file to be written: `header`, then every part in order. Parts are views on the caller's arrays. */
export interface SafetensorsLayout {
  readonly header: Uint8Array;
  readonly parts: readonly Uint8Array[];
  readonly totalBytes: number;
}

/** Where a tensor lies: bytes `begin` (included) to `end` (excluded) of the file. */
export interface SafetensorsSpan {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** The header's content. Spans are in the order of their bytes; `metadata` has no prototype, so any key is safe. */
export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  readonly spans: ReadonlyMap<string, SafetensorsSpan>;
}

/** The tensors of a file by their names, and its text metadata. */
export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
}

/**
 * Lays out a file without copying tensor data; the caller must not change the arrays before the parts are written.
 *
 * Tensors whose byte length is a multiple of 8 come first, the others after them by falling element size, each in the
 * given order: so every tensor starts at a multiple of its element size, and all but the last few at a multiple of 8.
 * The same input gives the same bytes. Throws FormatError if a reader would refuse the file.
 */
export function encodeSafetensors(
  tensors: Iterable<SafetensorsEntry>,
  metadata: Readonly<Record<string, string>> = {},
): SafetensorsLayout {
  const entries = [...tensors].sort((a, b) => placement(b) - placement(a));
  const fields: string[] = [];
  const strings = Object.entries(metadata);
  // One key is left for the metadata itself.
  if (Math.max(entries.length + 1, strings.length) > MAX_KEYS) refuse(`more than ${MAX_KEYS} names`);
  if (strings.length > 0) {
    const pairs = strings.map(([key, value]) => `${encodeString(key)}:${encodeString(value)}`);
    fields.push(`"${METADATA}":{${pairs.join(",")}}`);
  }
  const names = new Set<string>();
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const { name, dtype, shape, data } of entries) {
    const problem = (text: string) => refuse(`tensor ${shown(name)} ${text}`);
    if (name === METADATA) problem("has the name that the format keeps for metadata");
    if (names.has(name)) problem("is given twice");
    names.add(name);
    const wanted = arrayTypes[checkedDtype(dtype, name)].name;
    if (data[Symbol.toStringTag] !== wanted) {
      problem(`of dtype ${dtype} needs a ${wanted}, not a ${data[Symbol.toStringTag]}`);
    }
    const count = elementCount(shape, name);
    if (count !== data.length) problem(`of shape [${shape}] needs ${count} values, not ${data.length}`);
    const end = offset + data.byteLength;
    fields.push(`${encodeString(name)}:{"dtype":"${dtype}","shape":[${shape}],"data_offsets":[${offset},${end}]}`);
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    offset = end;
  }
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const length = Math.ceil(json.length / 8) * 8;
  if (length > MAX_HEADER_BYTES) refuse(`the header would take ${length} bytes, more than ${MAX_HEADER_BYTES}`);
  const header = new Uint8Array(8 + length).fill(0x20, 8 + json.length);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  return { header, parts, totalBytes: header.length + offset };
}

/** Copies a layout into one array: for files small enough to be held twice. */
export function joinSafetensors(layout: SafetensorsLayout): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(layout.totalBytes);
  let offset = 0;
  for (const part of [layout.header, ...layout.parts]) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** Bytes from the file's start to its first tensor byte, from the first 8 bytes: how much to read for the header. */
export function safetensorsDataStart(bytes: Uint8Array, fileSize: number): number {
  if (fileSize < 8 || bytes.length < 8) refuse("the file is shorter than the 8 bytes of its header length");
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) refuse(`a header of ${length} bytes is announced, more than ${MAX_HEADER_BYTES}`);
  const start = 8 + Number(length);
  if (start > fileSize) refuse(`the header ends at byte ${start}, the file at ${fileSize}: it is cut short`);
  return start;
}

/**
 * Reads and checks the header of a file of `fileSize` bytes; `bytes` must begin with it and may stop after it.
 * What it returns is sound: spans lie inside the file, in order, without overlap or hole, and fit dtype and shape.
 */
export function decodeSafetensorsHeader(bytes: Uint8Array, fileSize: number): SafetensorsHeader {
  const dataStart = safetensorsDataStart(bytes, fileSize);
  if (bytes.length < dataStart) refuse(`the header takes ${dataStart} bytes, only ${bytes.length} were given`);
  if (bytes[8] !== 0x7b) refuse('the header does not begin with "{"');
  const { metadata, declared } = parseHeader(decodeText(bytes.subarray(8, dataStart)));
  const spans = new Map<string, SafetensorsSpan>();
  let expected = 0;
  for (const [name, { dtype: dtypeName, shape, offsets }] of [...declared].sort(byOffsets)) {
    const [begin, end] = offsets;
    const problem = (text: string) => refuse(`tensor ${shown(name)} ${text}`);
    const dtype = checkedDtype(dtypeName, name);
    const size = elementCount(shape, name) * arrayTypes[dtype].BYTES_PER_ELEMENT;
    if (end - begin !== size) problem(`of ${dtype} [${shape}] takes ${size} bytes, its offsets span ${end - begin}`);
    if (begin < expected) problem(`begins at ${begin}, inside the tensor that ends at ${expected}`);
    if (begin > expected) problem(`begins at ${begin}, after a hole from ${expected}`);
    spans.set(name, { dtype, shape, begin: dataStart + begin, end: dataStart + end });
    expected = end;
  }
  const present = fileSize - dataStart;
  if (expected > present) refuse(`tensors take ${expected} bytes, the file has ${present}: it is cut short`);
  if (expected < present) refuse(`tensors take ${expected} bytes, the file has ${present}: it is too long`);
  return { metadata, spans };
}

/** Reads a whole file. Tensors are views on `bytes`; only those that are not aligned there are copied. */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { metadata, spans } = decodeSafetensorsHeader(bytes, bytes.length);
  const tensors = new Map<string, SafetensorsEntry>();
  for (const [name, { dtype, shape, begin, end }] of spans) {
    const data = safetensorsArray(dtype, bytes.subarray(begin, end));
    tensors.set(name, { name, dtype, shape, data } as SafetensorsEntry);
  }
  return { metadata, tensors };
}

/** The values in a tensor's `bytes`: a view where its alignment allows, else a copy. */
export function safetensorsArray<D extends SafetensorsDtype>(dtype: D, bytes: Uint8Array): SafetensorsArrays[D] {
  const Type: ArrayType<D> = arrayTypes[dtype];
  const size = Type.BYTES_PER_ELEMENT;
  if (bytes.length % size !== 0) refuse(`${bytes.length} bytes are not a whole number of ${dtype} values`);
  const { buffer, byteOffset, length } = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return new Type(buffer, byteOffset, length / size);
}

function elementCount(shape: readonly number[], name: string): number {
  if (shape.length > MAX_RANK) refuse(`tensor ${shown(name)} has ${shape.length} axes, more than ${MAX_RANK}`);
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) refuse(`tensor ${shown(name)} has an axis of size ${size}`);
    count *= size;
    // An eighth of the safe integers, so that the number of bytes is one as well.
    if (count > Number.MAX_SAFE_INTEGER / 8) refuse(`tensor ${shown(name)} has too many values: [${shape}]`);
  }
  return count;
}

/** Rank of an entry in the file, larger first: keeps every tensor aligned although the format allows no padding. */
function placement({ name, dtype, data }: SafetensorsEntry): number {
  const size = arrayTypes[checkedDtype(dtype, name)].BYTES_PER_ELEMENT;
  return data.byteLength % 8 === 0 ? 8 : size;
}

function checkedDtype(dtype: string, name: string): SafetensorsDtype {
  if (Object.hasOwn(arrayTypes, dtype)) return dtype as SafetensorsDtype;
  const known = Object.keys(arrayTypes).join(", ");
  return refuse(`tensor ${shown(name)} has the dtype ${shown(dtype)}; known are ${known}`);
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse("the header is not UTF-8");
  }
}

function encodeString(text: string): string {
  if (typeof text !== "string" || !isWellFormed(text)) refuse(`${shown(String(text))} is not Unicode text`);
  return JSON.stringify(text);
}

type Named = readonly [string, { readonly offsets: Offsets }];

function byOffsets([, a]: Named, [, b]: Named): number {
  return a.offsets[0] - b.offsets[0] || a.offsets[1] - b.offsets[1];
}
