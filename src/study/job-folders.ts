// The folders of a study's finished jobs.

import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { storageError } from "../training/storage.js";
import { type JobRecord, readJobRecord } from "./job-record.js";

export interface FinishedJob {
  /** Relative to the study's folder. */
  readonly name: string;
  readonly record: JobRecord;
}

/** In the order of their names. Throws RunDirectoryError for a damaged record, StorageError. */
export async function finishedJobs(folder: string): Promise<FinishedJob[]> {
  const jobs: FinishedJob[] = [];
  for (const group of await foldersIn(folder)) {
    for (const job of await foldersIn(join(folder, group))) {
      const name = join(group, job);
      const record = readJobRecord(join(folder, name));
      if (record !== undefined) jobs.push({ name, record });
    }
  }
  return jobs;
}

async function foldersIn(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    throw storageError(error, "list the folder", path);
  }
}

/** Their names as the jobs of a recipe have them; none where there is no such folder yet. */
export async function finishedFolders(folder: string): Promise<ReadonlySet<string>> {
  if (!existsSync(folder)) return new Set();
  return new Set((await finishedJobs(folder)).map(({ name }) => name.replaceAll("\\", "/")));
}
