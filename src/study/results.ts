// What a study's folder holds of its results, found by looking: nothing but the files decides what a report says.

import { join } from "node:path";
import type { StepMetrics } from "../training/metrics-file.js";
import { finishedJobs } from "./job-folders.js";
import type { EvaluationRecord, PretrainRecord } from "./job-record.js";
import { readMetrics, thinned } from "./metrics.js";

export interface PretrainResult extends PretrainRecord {
  /** Lines of metrics.jsonl in order, thinned out. */
  readonly metrics: readonly StepMetrics[];
}

export interface StudyResults {
  readonly pretrainings: readonly PretrainResult[];
  readonly evaluations: readonly EvaluationRecord[];
}

/** Those of the named jobs that are finished, in the order of their names. Throws RunDirectoryError, StorageError. */
export function readResults(folder: string, jobs: readonly string[]): StudyResults {
  const pretrainings: PretrainResult[] = [];
  const evaluations: EvaluationRecord[] = [];
  for (const { name, record } of finishedJobs(folder, jobs)) {
    if (record.kind === "evaluate") evaluations.push(record);
    else pretrainings.push({ ...record, metrics: thinned(readMetrics(join(folder, name, "metrics.jsonl"))) });
  }
  return { pretrainings, evaluations };
}
