// Lists the files of a tar archive (ustar, pax, GNU long names) with their places, for random access.

import { FormatError } from "./errors.js";

/** One regular file: its bytes are `size` bytes at `offset` of the archive. */
export interface TarEntry {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/** Gives `length` bytes at `offset`; asked only for ranges inside the archive. */
export type ReadBytes = (offset: number, length: number) => Uint8Array;

const BLOCK = 512;
/** Names and pax records longer than this belong to no honest archive, so they are refused before they are read. */
const LARGEST_EXTENSION = 1 << 20;
/** Four times what Linux allows a path; names are kept in memory for as long as the archive is in use. */
const LARGEST_NAME = 1 << 14;

/**
 * Yields the regular files of an archive of `archiveBytes` bytes, reading headers only. Folders, links and devices are
 * passed over; sparse, multi-volume and compressed archives are refused. Throws `FormatError`.
 */
export function* listTar(read: ReadBytes, archiveBytes: number): Generator<TarEntry> {
  let offset = 0;
  let global: Extension = {};
  let next: Extension = {};
  while (offset < archiveBytes) {
    if (offset + BLOCK > archiveBytes) throw problem(offset, "the archive ends within a header");
    const block = read(offset, BLOCK);
    if (block.every((byte) => byte === 0)) return;
    const header = readTarHeader(block, offset);
    // A pax size replaces the field of the file that follows, never that of an extension header.
    const extends_ = EXTENSIONS.has(header.type);
    const size = extends_ ? header.size : (next.size ?? global.size ?? header.size);
    const start = offset + BLOCK;
    if (start + size > archiveBytes) {
      throw problem(offset, `"${header.name}" should have ${size} bytes, but the archive ends before`);
    }
    if (extends_) {
      if (size > LARGEST_EXTENSION) throw problem(offset, `a name or extended header of ${size} bytes is too long`);
      const bytes = read(start, size);
      if (header.type === "L") next = { ...next, name: decodeText(bytes) };
      else if (header.type === "x") next = { ...next, ...readPaxRecords(bytes, offset) };
      else if (header.type === "g") global = { ...global, ...readPaxRecords(bytes, offset) };
    } else {
      const name = next.name ?? global.name ?? header.name;
      if (name.length > LARGEST_NAME) throw problem(offset, `a name of ${name.length} characters is too long`);
      if (REGULAR.has(header.type)) yield { name, offset: start, size };
      else if (!PASSED_OVER.has(header.type)) {
        throw problem(offset, `"${header.name}" has type "${printable(header.type)}", which is not supported`);
      }
      next = {};
    }
    offset = start + Math.ceil(size / BLOCK) * BLOCK;
    // Every writer fills up the last block; an archive that stops inside it was cut off, perhaps with files behind.
    if (offset > archiveBytes) throw problem(archiveBytes, `the archive ends within the block after "${header.name}"`);
  }
}

/** True if the bytes begin with a tar header whose checksum is right. */
export function looksLikeTar(start: Uint8Array): boolean {
  return start.length >= BLOCK && !start.subarray(0, BLOCK).every((byte) => byte === 0) && checksumMatches(start);
}

const REGULAR = new Set(["0", "\0", "7"]);
/** Hard link, symbolic link, character device, block device, folder, pipe, GNU volume label. */
const PASSED_OVER = new Set(["1", "2", "3", "4", "5", "6", "V"]);
/** GNU long name and long link target; pax records for the next file and for all that follow. */
const EXTENSIONS = new Set(["L", "K", "x", "g"]);

interface Extension {
  readonly name?: string;
  readonly size?: number;
}

interface TarHeader {
  readonly name: string;
  readonly size: number;
  readonly type: string;
}

function readTarHeader(block: Uint8Array, offset: number): TarHeader {
  if (block[0] === 0x1f && block[1] === 0x8b && offset === 0) {
    throw problem(offset, "the archive is gzipped; unpack it first, because a compressed archive has no random access");
  }
  if (!checksumMatches(block))
    throw problem(offset, "the checksum of the header is wrong; this is not a tar archive, or it is damaged");
  const type = String.fromCharCode(block[156]!);
  const name = decodeText(block.subarray(0, 100));
  // Only POSIX archives ("ustar" and a zero byte) keep a prefix at 345; GNU's keep times there.
  const posix = decodeText(block.subarray(257, 263)) === "ustar" && block[262] === 0;
  const prefix = posix ? decodeText(block.subarray(345, 500)) : "";
  // Links and folders have no bytes behind them, whatever the field says.
  const size = "123456".includes(type) ? 0 : readNumber(block.subarray(124, 136), offset);
  return { name: prefix === "" ? name : `${prefix}/${name}`, size, type };
}

/** The sum of all bytes with the checksum's own field as spaces; old archives summed signed bytes. */
function checksumMatches(block: Uint8Array): boolean {
  let unsigned = 0;
  let signed = 0;
  for (let i = 0; i < BLOCK; i++) {
    const byte = i >= 148 && i < 156 ? 0x20 : block[i]!;
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  const stored = parseOctal(block.subarray(148, 156));
  return stored === unsigned || stored === signed;
}

/** Octal text, or GNU's big-endian form marked by the first byte's upper bit. */
function readNumber(field: Uint8Array, offset: number): number {
  if (field[0] === 0x80) {
    let value = 0;
    for (const byte of field.subarray(1)) value = value * 256 + byte;
    if (Number.isSafeInteger(value)) return value;
  } else {
    const value = parseOctal(field);
    if (value !== undefined) return value;
  }
  throw problem(offset, "the size field of the header holds no valid number");
}

function parseOctal(field: Uint8Array): number | undefined {
  const text = decodeText(field).trim();
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : undefined;
}

/** Records of the form "length key=value\n", where length counts the whole record. */
function readPaxRecords(bytes: Uint8Array, offset: number): Extension {
  let extension: Extension = {};
  let position = 0;
  while (position < bytes.length) {
    const space = bytes.indexOf(0x20, position);
    const digits = space === -1 ? "" : decodeText(bytes.subarray(position, Math.min(space, position + 8)));
    const end = position + Number(digits);
    if (!/^[1-9][0-9]*$/.test(digits) || end > bytes.length || end <= space + 1 || bytes[end - 1] !== 0x0a) {
      throw problem(offset, "an extended header holds a record whose length is wrong");
    }
    const record = decodeText(bytes.subarray(space + 1, end - 1));
    const equals = record.indexOf("=");
    if (equals < 1) throw problem(offset, "an extended header holds a record without a key");
    const key = record.slice(0, equals);
    const value = record.slice(equals + 1);
    if (key.startsWith("GNU.sparse.")) throw problem(offset, "sparse files are not supported");
    if (key === "path") extension = { ...extension, name: value };
    if (key === "size") {
      const size = Number(value);
      if (!/^[0-9]{1,16}$/.test(value) || !Number.isSafeInteger(size)) {
        throw problem(offset, "an extended header holds a size that is not a number");
      }
      extension = { ...extension, size };
    }
    position = end;
  }
  return extension;
}

const decoder = new TextDecoder();

/** Text up to the first zero byte; what is not UTF-8 becomes U+FFFD, since names only have to differ. */
function decodeText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decoder.decode(end === -1 ? bytes : bytes.subarray(0, end));
}

function printable(type: string): string {
  return /^[!-~]$/.test(type) ? type : `0x${type.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

function problem(offset: number, what: string): FormatError {
  return new FormatError("tar", `${what} (at byte ${offset})`);
}
