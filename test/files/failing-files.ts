// A file system that refuses an operation at a chosen moment, as full disks and pulled plugs do.

import { diskFiles, type FileSystem } from "#src/files/storage.js";

export type Operation = keyof FileSystem;

/** Like the disk, until the `atCall`-th call (from 1) of an operation fails with the code. */
export function failingFiles(operation: Operation, atCall: number, code = "ENOSPC"): FileSystem {
  let calls = 0;
  return {
    ...diskFiles,
    [operation]: async (...args: never[]) => {
      if (++calls === atCall) throw Object.assign(new Error(`${code}: injected, ${operation}`), { code });
      return (diskFiles[operation] as (...args: never[]) => Promise<unknown>)(...args);
    },
  };
}

/** Writes at most `most` bytes a call, as the system may. */
export function sluggishFiles(most: number): FileSystem {
  return { ...diskFiles, write: (descriptor, bytes) => diskFiles.write(descriptor, bytes.subarray(0, most)) };
}
