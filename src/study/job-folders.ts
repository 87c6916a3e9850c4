// The folders of a study's finished jobs.

import { join } from "node:path";
import { type JobRecord, readJobRecord } from "./job-record.js";

export interface FinishedJob {
  /** Relative to the study's folder. */
  readonly name: string;
  readonly record: JobRecord;
}

/** Those of the named jobs that are finished, by name. Throws RunDirectoryError for a damaged record, StorageError. */
export function finishedJobs(folder: string, jobs: readonly string[]): FinishedJob[] {
  return [...jobs].sort().flatMap((name) => {
    const record = readJobRecord(join(folder, name));
    return record === undefined ? [] : [{ name, record }];
  });
}
