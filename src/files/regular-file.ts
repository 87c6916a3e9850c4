// Opens the files that a path leads to: only regular ones, so that no pipe is waited for, and only up to a size.

import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { FileError } from "./file-error.js";

/** The most bytes of a text that people write, or that records what a run is: configurations, recipes, descriptions. */
export const LARGEST_TEXT = 1 << 24;
/** The most bytes of a text with an entry for each image or each pair of classes: reports, names, labels. */
export const LARGEST_LIST = 1 << 27;

/** One call reads at most 2 GiB. */
const LARGEST_READ = 1 << 30;

export interface OpenedFile {
  readonly descriptor: number;
  readonly size: number;
}

/**
 * Opens a regular file for reading, at once: opening a named pipe waits for a writer, and opening a device can have
 * effects of its own, so the path is looked at first. Throws FileError, and the operating system's errors.
 */
export function openRegular(path: string): OpenedFile {
  requireRegular(statSync(path));
  // What has become a pipe in between does not hang either.
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = fstatSync(descriptor);
    requireRegular(stats);
    return { descriptor, size: stats.size };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** A whole file of at most `most` bytes; a larger one is refused before it is read. Throws as `openRegular` does. */
export function readBytes(path: string, most: number): Buffer {
  const { descriptor, size } = openRegular(path);
  try {
    if (size > most) throw tooLarge(size, most);
    // Files of /proc say that they are empty.
    let bytes = Buffer.allocUnsafe(size > 0 ? size : 4096);
    let done = 0;
    for (;;) {
      const count = readSync(descriptor, bytes, done, Math.min(bytes.length - done, LARGEST_READ), done);
      done += count;
      if (count === 0 || done === size) return bytes.subarray(0, done);
      if (done > most) throw tooLarge(done, most);
      if (done === bytes.length) bytes = Buffer.concat([bytes, Buffer.allocUnsafe(done)]);
    }
  } finally {
    closeSync(descriptor);
  }
}

/** The same as UTF-8. */
export function readText(path: string, most = LARGEST_TEXT): string {
  return readBytes(path, most).toString("utf8");
}

/** "16 MiB"; small numbers in bytes. */
export function formatBytes(bytes: number): string {
  if (bytes < 1 << 20) return `${bytes.toLocaleString("en-US")} bytes`;
  return `${Number((bytes / 2 ** 20).toFixed(1)).toLocaleString("en-US")} MiB`;
}

/** The error for something of `size` bytes where at most `most` are read. */
export function tooLarge(size: number, most: number): FileError {
  return new FileError("TOO_LARGE", `a file of at most ${formatBytes(most)}`, formatBytes(size));
}

function requireRegular(stats: Stats): void {
  if (!stats.isFile()) throw new FileError("NOT_A_FILE", "a regular file", kindOf(stats));
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a pipe (save what comes out of it to a file first)";
  if (stats.isSocket()) return "a socket";
  return stats.isCharacterDevice() || stats.isBlockDevice() ? "a device" : "something else";
}
