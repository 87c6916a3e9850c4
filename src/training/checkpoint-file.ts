// One checkpoint in one file of its own.

import { stat } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { writeAtomically } from "../files/atomic-write.js";
import { diskFiles, type FileSystem, readFully, storageError, withDescriptor } from "../files/storage.js";
import { type Checkpoint, type CheckpointContents, decodeCheckpoint, encodeCheckpoint } from "./checkpoint-format.js";

/** Writes atomically; tensor data is read in place, not copied. Throws StorageError, and FormatError for bad tensors. */
export async function writeCheckpoint(
  path: string,
  contents: CheckpointContents,
  files: FileSystem = diskFiles,
): Promise<void> {
  const { header, parts } = encodeCheckpoint(contents, addToSum);
  await writeAtomically(path, [header, ...parts], files);
}

/**
 * Reads and verifies a checkpoint. Throws CheckpointError with the reason when the file is cut short, changed or not ours;
 * StorageError when it cannot be read.
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  try {
    const { size } = await stat(path);
    return await withDescriptor(path, (descriptor) =>
      decodeCheckpoint(path, { size, read: (into, start) => readFully(descriptor, into, start) }, addToSum),
    );
  } catch (error) {
    throw storageError(error, "read", path);
  }
}

/** In pieces, for zlib counts the bytes of one call in 32 bits. */
function addToSum(bytes: Uint8Array, sum: number): number {
  const piece = 256 << 20;
  let result = sum;
  for (let start = 0; start < bytes.length; start += piece)
    result = crc32(bytes.subarray(start, start + piece), result);
  return result;
}
