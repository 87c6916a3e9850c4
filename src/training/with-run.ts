// A run while it is trained: what happens is noted in it, and it is given back whatever happens.

import { StorageError } from "../files/storage-error.js";
import { StoppedError } from "./errors.js";
import type { RunDirectory } from "./run-directory.js";
import type { RunEvents } from "./run-events.js";

/** Lets a run be trained, noting what happens, and gives it back whatever happens; what ended it is in its log. */
export async function withRun<Run extends RunDirectory, Result>(
  run: Run,
  events: RunEvents,
  train: (run: Run) => Promise<Result>,
): Promise<Result> {
  events.listen(run.record);
  try {
    return await train(run);
  } catch (error) {
    noteEnd(events, error as Error);
    throw error;
  } finally {
    run.close();
  }
}

/** On a full disk the log cannot be written either: what ended the run is what must be told. */
function noteEnd(events: RunEvents, error: Error): void {
  try {
    if (StoppedError.is(error, events.signal)) events.emit({ type: "finished", outcome: "stopped", summary: null });
    else events.emit({ type: "failed", message: error.message });
  } catch (failure) {
    if (!(failure instanceof StorageError)) throw failure;
  }
}
