// Writes a file so that its name always stands for whole content: the old or the new, whatever happens in between.

import { basename, dirname, join } from "node:path";
import { diskFiles, errorCode, type FileSystem, namesIn, storageError } from "./storage.js";

const partBytes = 16 << 20;
const temporaryName = /^\.(.+)\.\d+\.tmp$/;

/**
 * Writes the parts in order to a temporary name in the same folder, and renames it once the bytes are on the disk.
 * Parts are read while writing, without a copy: do not change them before the promise settles.
 * Throws StorageError, and whatever making the parts throws; then the name stands for what it stood for before.
 */
export async function writeAtomically(
  path: string,
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  files: FileSystem = diskFiles,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    // A former process with the same number may have been killed at this very place.
    await files.remove(temporary);
    const descriptor = await files.open(temporary, "wx");
    try {
      for await (const part of parts) await writeAll(files, descriptor, part);
      await files.sync(descriptor);
    } finally {
      await files.close(descriptor);
    }
    await files.rename(temporary, path);
  } catch (error) {
    await files.remove(temporary).catch(() => {});
    throw storageError(error, "write", path);
  }
  await syncFolder(dirname(path), files);
}

/** How values are written into JSON files: indented, with a line break at the end. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Writes a value as JSON, as `writeAtomically` does. */
export function writeJson(path: string, value: unknown, files?: FileSystem): Promise<void> {
  return writeAtomically(path, [Buffer.from(jsonText(value))], files);
}

/**
 * Deletes what killed processes left half-written in a folder, or of one file in it alone; returns the names. Only the owner
 * of the folder, or of the file, may call it.
 */
export async function removeLeftovers(
  folder: string,
  files: FileSystem = diskFiles,
  ofFile?: string,
): Promise<string[]> {
  const isLeft = (file: string | undefined) => file !== undefined && (ofFile === undefined || file === ofFile);
  const leftovers = (await namesIn(folder)).filter((name) => isLeft(temporaryName.exec(name)?.[1]));
  for (const name of leftovers) {
    try {
      await files.remove(join(folder, name));
    } catch (error) {
      throw storageError(error, "delete", join(folder, name));
    }
  }
  return leftovers;
}

async function writeAll(files: FileSystem, descriptor: number, part: Uint8Array): Promise<void> {
  for (let start = 0; start < part.length; ) {
    const written = await files.write(descriptor, part.subarray(start, start + partBytes));
    if (written === 0) throw new Error("the file system accepts no more bytes, and does not say why");
    start += written;
  }
}

/** A rename is on the disk only when its folder is. */
async function syncFolder(folder: string, files: FileSystem): Promise<void> {
  try {
    const descriptor = await files.open(folder, "r");
    try {
      await files.sync(descriptor);
    } finally {
      await files.close(descriptor);
    }
  } catch (error) {
    // Windows and some network file systems cannot sync folders; the rename itself has happened.
    if (!["EPERM", "EISDIR", "EINVAL", "EACCES", "ENOTSUP", "EBADF"].includes(errorCode(error) ?? "")) {
      throw storageError(error, "write the folder", folder);
    }
  }
}
