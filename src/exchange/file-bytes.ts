// Random access to a file's bytes, so that large files are read piece by piece.

import { closeSync, readSync } from "node:fs";
import { openRegular } from "../files/regular-file.js";
import { storageError } from "../files/storage.js";
import { FormatError } from "../formats/errors.js";
import type { ReadBytes } from "../formats/zip.js";

export interface FileBytes {
  readonly path: string;
  readonly size: number;
  readonly read: ReadBytes;
  close(): void;
}

/** Opens a file; `read` throws FormatError for bytes that are not there. Throws StorageError. */
export function openBytes(path: string): FileBytes {
  try {
    const { descriptor, size } = openRegular(path);
    const read = (offset: number, length: number) => readExactly(path, descriptor, offset, length, size);
    return { path, size, read, close: () => closeSync(descriptor) };
  } catch (error) {
    throw storageError(error, "read", path);
  }
}

function readExactly(path: string, descriptor: number, offset: number, length: number, size: number): Uint8Array {
  if (offset + length > size) {
    throw new FormatError(path, `bytes ${offset} to ${offset + length} are asked for, but it has ${size}`);
  }
  const bytes = new Uint8Array(length);
  try {
    for (let done = 0; done < length; ) {
      // One call reads at most 2 GiB.
      const count = readSync(descriptor, bytes, done, Math.min(length - done, 1 << 30), offset + done);
      if (count === 0) throw new FormatError(path, "it was cut short while it was read");
      done += count;
    }
  } catch (error) {
    throw storageError(error, "read", path);
  }
  return bytes;
}
