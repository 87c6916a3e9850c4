// A run's newest intact checkpoint, opened for use; where newer ones are damaged, it is said.

import { type Checkpoint, CheckpointStore } from "./checkpoints.js";
import { RunDirectoryError } from "./errors.js";
import { runPaths } from "./run-folder.js";

/** Is called with a sentence on why a result may not be trusted. */
export type Warn = (message: string) => void;

/**
 * Calls `warn` for each newer checkpoint that is not usable; without it, Node prints a warning of the process. Throws
 * RunDirectoryError where there is no checkpoint yet, CheckpointError where none is intact, StorageError.
 */
export async function openNewestCheckpoint(folder: string, warn: Warn = warnProcess): Promise<Checkpoint> {
  const store = new CheckpointStore(runPaths(folder).checkpoints, { keep: 1, milestoneEvery: 0 });
  const { checkpoint, refused } = await store.loadNewest();
  if (checkpoint === null) {
    throw new RunDirectoryError(`${folder} has no checkpoint yet. Let it train on: mixedae resume ${folder}`);
  }
  for (const { path, reason } of refused) {
    warn(`${path} is not used: ${reason}. The checkpoint of step ${checkpoint.step} is used in its place`);
  }
  return checkpoint;
}

function warnProcess(message: string): void {
  process.emitWarning(message);
}
