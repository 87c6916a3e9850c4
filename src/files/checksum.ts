// How a checksum is written into files.

import { crc32 } from "node:zlib";

/** "crc32:" and 8 hexadecimal digits. */
export function checksumText(sum: number): string {
  return `crc32:${sum.toString(16).padStart(8, "0")}`;
}

/** The checksum of a text or of bytes. */
export function checksumOf(content: string | Uint8Array): string {
  return checksumText(crc32(content));
}
