// Zip archives of stored entries, as PyTorch writes them: read without trust, entry by entry, and written without copies.
//
// Source: PKWARE's application note, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT

import { crc32 } from "node:zlib";
import { FormatError } from "./errors.js";

/** Gives exactly `length` bytes at `offset`; asked only for ranges inside the file. */
export type ReadBytes = (offset: number, length: number) => Uint8Array;

export interface ZipEntry {
  readonly name: string;
  readonly size: number;
  readonly crc: number;
  /** Where its local header begins, and where the next one or the directory does. */
  readonly start: number;
  readonly end: number;
}

/** A file to be written into an archive; its parts are views on the caller's arrays. */
export interface ZipFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const LONGEST_COMMENT = 0xffff;
const FULL_16 = 0xffff;
const FULL_32 = 0xffffffff;
/** Far above any model's number of tensors. */
const MAX_ENTRIES = 100_000;
const LARGEST_DIRECTORY = 1 << 24;

/** Lists an archive's files. Throws FormatError where the directory is not sound; content is checked when it is read. */
export function readZipDirectory(read: ReadBytes, fileSize: number): Map<string, ZipEntry> {
  const { offset, size, count } = findDirectory(read, fileSize);
  const bytes = read(offset, size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Omit<ZipEntry, "end">[] = [];
  const names = new Set<string>();
  let position = 0;
  while (position < size) {
    if (position + 46 > size || view.getUint32(position, true) !== CENTRAL) {
      refuse(`its directory is damaged at byte ${offset + position}`);
    }
    const entry = readCentralEntry(bytes, view, position);
    if (names.has(entry.name)) refuse(`it names ${shown(entry.name)} twice`);
    if (entries.length === MAX_ENTRIES) refuse(`it has more than ${MAX_ENTRIES} entries`);
    names.add(entry.name);
    entries.push(entry);
    position = entry.next;
  }
  if (entries.length !== count) refuse(`its directory has ${entries.length} entries, but announces ${count}`);
  entries.sort((a, b) => a.start - b.start);
  const files = new Map<string, ZipEntry>();
  for (const [index, { name, size, crc, start }] of entries.entries()) {
    const end = entries[index + 1]?.start ?? offset;
    if (start + 30 + Buffer.byteLength(name) + size > end) {
      refuse(`${shown(name)} of ${size} bytes at byte ${start} reaches into what follows at byte ${end}`);
    }
    files.set(name, { name, size, crc, start, end });
  }
  return files;
}

/** The content of one entry, verified. */
export function readZipEntry(read: ReadBytes, { name, size, crc, start, end }: ZipEntry): Uint8Array {
  const header = viewOf(read(start, 30));
  if (header.getUint32(0, true) !== LOCAL) refuse(`there is no file header at byte ${start}, for ${shown(name)}`);
  const [nameLength, extraLength] = [header.getUint16(26, true), header.getUint16(28, true)];
  const data = start + 30 + nameLength + extraLength;
  if (data + size > end) refuse(`${shown(name)} of ${size} bytes reaches into what follows at byte ${end}`);
  const localName = Buffer.from(read(start + 30, nameLength)).toString("utf8");
  if (localName !== name) refuse(`the file header at byte ${start} is of ${shown(localName)}, not of ${shown(name)}`);
  const bytes = read(data, size);
  const found = checksum(bytes);
  if (found !== crc) refuse(`the content of ${shown(name)} is damaged: checksum ${hex(found)}, expected ${hex(crc)}`);
  return bytes;
}

function findDirectory(read: ReadBytes, fileSize: number): { offset: number; size: number; count: number } {
  if (fileSize < 22) refuse(`${fileSize} bytes are too few for a zip archive`);
  const start = Math.max(0, fileSize - 22 - LONGEST_COMMENT);
  const tail = read(start, fileSize - start);
  const view = viewOf(tail);
  let end = tail.length - 22;
  while (
    end >= 0 &&
    !(view.getUint32(end, true) === END && view.getUint16(end + 20, true) === tail.length - 22 - end)
  ) {
    end--;
  }
  if (end < 0) refuse("it has no end-of-directory record: the file is cut short, or no zip archive");
  if (view.getUint16(end + 4, true) !== 0 || view.getUint16(end + 6, true) !== 0)
    refuse("it is split over several disks");
  let limit = start + end;
  let count = view.getUint16(end + 10, true);
  let size = view.getUint32(end + 12, true);
  let offset = view.getUint32(end + 16, true);
  if (count === FULL_16 || size === FULL_32 || offset === FULL_32) {
    const locator = limit >= 20 ? viewOf(read(limit - 20, 20)) : undefined;
    if (locator?.getUint32(0, true) === LOCATOR_64) {
      limit = wide(locator, 8);
      if (limit + 56 > start + end) refuse("its 64-bit end-of-directory record lies outside the file");
      const record = viewOf(read(limit, 56));
      if (record.getUint32(0, true) !== END_64) refuse("it has no 64-bit end-of-directory record where it says");
      [count, size, offset] = [wide(record, 32), wide(record, 40), wide(record, 48)];
    }
  }
  if (size > LARGEST_DIRECTORY) refuse(`a directory of ${size} bytes is more than ${LARGEST_DIRECTORY}`);
  if (offset + size > limit) refuse("its directory lies outside the file: the file is cut short or damaged");
  return { offset, size, count };
}

function readCentralEntry(bytes: Uint8Array, view: DataView, position: number) {
  const [nameLength, extraLength, commentLength] = [28, 30, 32].map((at) => view.getUint16(position + at, true));
  const nameEnd = position + 46 + nameLength!;
  const extraEnd = nameEnd + extraLength!;
  const next = extraEnd + commentLength!;
  if (next > bytes.length) refuse("its directory is cut short");
  const name = checkedName(bytes.subarray(position + 46, nameEnd));
  if ((view.getUint16(position + 8, true) & 1) !== 0) refuse(`${shown(name)} is encrypted`);
  const method = view.getUint16(position + 10, true);
  if (method !== 0)
    refuse(`${shown(name)} is compressed (method ${method}); expected stored bytes, as torch.save writes`);
  let size = view.getUint32(position + 24, true);
  let packed = view.getUint32(position + 20, true);
  let start = view.getUint32(position + 42, true);
  for (let at = nameEnd; at + 4 <= extraEnd; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    // 64-bit values follow in this order, each only where the 32-bit field is full.
    let field = at + 4;
    const end = Math.min(extraEnd, field + view.getUint16(at + 2, true));
    const take = () => {
      if (field + 8 > end) refuse(`the 64-bit sizes of ${shown(name)} are cut short`);
      field += 8;
      return wide(view, field - 8);
    };
    if (size === FULL_32) size = take();
    if (packed === FULL_32) packed = take();
    if (start === FULL_32) start = take();
    break;
  }
  if (packed !== size) refuse(`${shown(name)} has ${size} bytes stored as ${packed}`);
  return { name, size, crc: view.getUint32(position + 16, true), start, next };
}

/** Nothing is ever written under these names; odd ones are refused all the same, for no honest writer makes them. */
function checkedName(bytes: Uint8Array): string {
  let name: string;
  try {
    name = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse("it has a name that is not UTF-8");
  }
  const parts = name.split("/");
  if (name === "" || name.includes("\\") || name.includes("\0") || parts.some((part) => /^(\.\.?)?$/.test(part))) {
    refuse(`it has an entry with the name ${shown(name)}`);
  }
  return name;
}

function wide(view: DataView, position: number): number {
  const value = view.getBigUint64(position, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) refuse(`it announces an impossible size, ${value}`);
  return Number(value);
}

/** Writes an archive of stored files, whose content begins at multiples of 64 bytes; returns its parts in order. */
export function encodeZip(files: readonly ZipFile[]): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  const push = (part: Uint8Array) => {
    parts.push(part);
    offset += part.length;
  };
  for (const { name, bytes } of files) {
    const crc = checksum(bytes);
    const encoded = new TextEncoder().encode(name);
    // An extra field of letters that nobody has reserved fills up to the alignment, as PyTorch does.
    const padding = 64 - ((offset + 30 + encoded.length + 4) % 64);
    directory.push(centralHeader(encoded, bytes.length, crc, offset));
    push(localHeader(encoded, bytes.length, crc, padding));
    push(bytes);
    if (offset >= FULL_32)
      refuse("an archive of 4 GiB or more is not written. Use safetensors for a model of this size");
  }
  const start = offset;
  for (const header of directory) push(header);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, END, true);
  end.setUint16(8, files.length, true);
  end.setUint16(10, files.length, true);
  end.setUint32(12, offset - start, true);
  end.setUint32(16, start, true);
  push(new Uint8Array(end.buffer));
  if (files.length >= FULL_16 || offset >= FULL_32) refuse("there is too much for one archive");
  return parts;
}

function localHeader(name: Uint8Array, size: number, crc: number, padding: number): Uint8Array {
  const header = new Uint8Array(30 + name.length + 4 + padding);
  const view = viewOf(header);
  view.setUint32(0, LOCAL, true);
  view.setUint32(14, crc, true);
  view.setUint32(18, size, true);
  view.setUint32(22, size, true);
  view.setUint16(26, name.length, true);
  view.setUint16(28, 4 + padding, true);
  header.set(name, 30);
  view.setUint16(30 + name.length, 0x4246, true);
  view.setUint16(32 + name.length, padding, true);
  return header;
}

function centralHeader(name: Uint8Array, size: number, crc: number, offset: number): Uint8Array {
  const header = new Uint8Array(46 + name.length);
  const view = viewOf(header);
  view.setUint32(0, CENTRAL, true);
  view.setUint32(16, crc, true);
  view.setUint32(20, size, true);
  view.setUint32(24, size, true);
  view.setUint16(28, name.length, true);
  view.setUint32(42, offset, true);
  header.set(name, 46);
  return header;
}

/** In pieces, for zlib counts the bytes of one call in 32 bits. */
function checksum(bytes: Uint8Array): number {
  const piece = 256 << 20;
  let sum = 0;
  for (let start = 0; start < bytes.length; start += piece) sum = crc32(bytes.subarray(start, start + piece), sum);
  return sum;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}

function shown(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

function refuse(problem: string): never {
  throw new FormatError("zip", problem);
}
