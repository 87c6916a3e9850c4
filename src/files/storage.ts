// The operations on files that a run needs, and plain words for the ways in which they fail.

import { close, fsync, open, read, write } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { FileError } from "./file-error.js";
import { LARGEST_TEXT, openRegular, readBytes } from "./regular-file.js";
import { StorageError } from "./storage-error.js";

/** What atomic writes use of the file system; a test replaces it by one that fails. */
export interface FileSystem {
  /** Opens for writing (a new file) or reading; returns a descriptor. */
  open(path: string, flags: "wx" | "r"): Promise<number>;
  /** Writes some of the bytes, and returns how many. */
  write(descriptor: number, bytes: Uint8Array): Promise<number>;
  sync(descriptor: number): Promise<void>;
  close(descriptor: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
}

const callOpen = promisify(open);
const callFsync = promisify(fsync);
const callClose = promisify(close);

export const diskFiles: FileSystem = {
  open: (path, flags) => callOpen(path, flags),
  write: async (descriptor, bytes) => (await promisify(write)(descriptor, bytes)).bytesWritten,
  sync: (descriptor) => callFsync(descriptor),
  close: (descriptor) => callClose(descriptor),
  rename,
  remove: (path) => rm(path, { force: true }),
};

/** Fills `target` from the file's byte `position` on; returns how many bytes there were. */
export async function readFully(descriptor: number, target: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < target.length) {
    // One call reads at most 2 GiB; smaller pieces also let other work in between.
    const length = Math.min(target.length - done, 16 << 20);
    const { bytesRead } = await promisify(read)(descriptor, target, done, length, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

/** Opens a regular file for reading, runs, and closes whatever happens. */
export async function withDescriptor<T>(path: string, use: (descriptor: number) => Promise<T>): Promise<T> {
  const { descriptor } = openRegular(path);
  try {
    return await use(descriptor);
  } finally {
    await callClose(descriptor);
  }
}

/** Creates a folder and those above it. Throws StorageError. */
export async function makeFolder(path: string): Promise<void> {
  if (await createFolder(path)) return;
  await makeFolder(dirname(path));
  // Where the folder above exists and the answer is still the same, as in /proc, there is nothing more to try.
  if (!(await createFolder(path))) {
    throw storageError(Object.assign(new Error("no folder can be made there"), { code: "ENOENT" }), CREATE, path);
  }
}

const CREATE = "create the folder";

/** Says whether the folder is there now; false where one above it is missing. */
async function createFolder(path: string): Promise<boolean> {
  try {
    // Not by mkdir's own recursion: on a read-only file system that reports a missing folder instead.
    await mkdir(path);
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === "EEXIST" && (await isFolder(path))) return true;
    if (code === "ENOENT" && dirname(path) !== path) return false;
    throw storageError(error, CREATE, path);
  }
}

/** False for all else, a link to nothing included. */
async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

/** The names in a folder; none when it does not exist. */
export async function namesIn(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw storageError(error, "list the folder", path);
  }
}

/** A whole text file of at most `most` bytes; undefined where there is none. Throws StorageError. */
export function readTextIfThere(path: string, most: number = LARGEST_TEXT): string | undefined {
  return readBytesIfThere(path, most)?.toString("utf8");
}

/** A whole file of at most `most` bytes; undefined where there is none. Throws StorageError. */
export function readBytesIfThere(path: string, most: number): Buffer | undefined {
  try {
    return readBytes(path, most);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) return undefined;
    throw storageError(error, "read", path);
  }
}

const advice: Readonly<Record<string, string>> = {
  ENOSPC: "The disk is full. Free some space",
  EDQUOT: "The disk quota is used up. Free some space",
  EROFS: "The file system is read-only. Choose another folder, or mount it for writing",
  EACCES: "Permission denied. Make the folder writable, or choose another",
  EPERM: "The operating system does not permit it. Make the folder writable, or choose another",
  ENOTDIR: "A part of the path is a file, not a folder. Choose another path",
  EEXIST: "Something else has this name. Choose another path",
  ENOENT: "There is no such file or folder. Check the path",
  EMFILE: "Too many files are open in this process",
  EIO: "The device reports an error; it may be failing",
  EFBIG: "The file system does not allow a file of this size",
};

/** What was attempted, on which path, and what to do about it. Other errors than the system's come back unchanged. */
export function storageError(error: unknown, action: string, path: string): Error {
  if (error instanceof FileError)
    return new StorageError(`Cannot ${action} ${path}: ${error.message}.`, error.code, path, error);
  const code = errorCode(error);
  if (error instanceof StorageError || code === undefined) return error as Error;
  return new StorageError(
    `Cannot ${action} ${path}: ${advice[code] ?? (error as Error).message} (${code}).`,
    code,
    path,
    error,
  );
}

/** The operating system's code of an error, such as ENOENT. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
