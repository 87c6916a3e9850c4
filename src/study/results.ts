// The finished jobs of a study, found by looking: nothing but the files of its folder decides what a report says.

import { join } from "node:path";
import { readMetrics, type StepMetrics } from "../training/metrics-file.js";
import { type EvaluationRecord, type JobRecord, type PretrainRecord, readJobRecord } from "./job-record.js";
import type { Job } from "./jobs.js";
import { type PackedJob, readPackedResults } from "./packed-results.js";

/** Of a long run, reports look at one step in twenty, and packs keep the same ones, so that both give one page. */
const EVERY = 20;
/** Runs of at most as many steps are kept whole. */
const WHOLE = 400;

export interface PretrainResult extends PretrainRecord {
  /** Lines of metrics.jsonl in order, thinned out. */
  readonly metrics: readonly StepMetrics[];
}

export interface StudyResults {
  readonly pretrainings: readonly PretrainResult[];
  readonly evaluations: readonly EvaluationRecord[];
}

/**
 * Those of the named jobs that are finished, in the order of their names: from their folders, else from the pack.
 * Throws RunDirectoryError for what is damaged, StorageError.
 */
export async function readFinishedJobs(folder: string, jobs: readonly string[]): Promise<PackedJob[]> {
  const packed = readPackedResults(folder);
  const finished: PackedJob[] = [];
  for (const name of [...jobs].sort()) {
    const record = readJobRecord(join(folder, name));
    const former = packed.get(name);
    if (record?.kind === "pretrain") {
      const metrics = thinned(await readMetrics(join(folder, name, "metrics.jsonl")));
      finished.push({ folder: name, record, metrics });
    } else if (record !== undefined) finished.push({ folder: name, record });
    else if (former !== undefined) finished.push(former);
  }
  return finished;
}

/** Of a long run, some steps, with the first and the last; thinned out again, they stay as they are. */
export function thinned(metrics: readonly StepMetrics[]): StepMetrics[] {
  const last = metrics.at(-1)?.step ?? 0;
  return metrics.filter(({ step }) => last <= WHOLE || step % EVERY === 1 || step === last);
}

export function resultsOf(jobs: readonly PackedJob[]): StudyResults {
  const pretrainings: PretrainResult[] = [];
  const evaluations: EvaluationRecord[] = [];
  for (const { record, metrics = [] } of jobs) {
    if (record.kind === "evaluate") evaluations.push(record);
    else pretrainings.push({ ...record, metrics });
  }
  return { pretrainings, evaluations };
}

/**
 * The records of finished jobs, by their folders. A pre-training that is finished only in the pack has no weights: it
 * counts as long as no evaluation of it is open. `known` ones are not looked for. Throws RunDirectoryError for a damaged record, StorageError.
 */
export function finishedRecords(
  jobs: readonly Job[],
  folder: string,
  packed: ReadonlyMap<string, PackedJob>,
  known: ReadonlyMap<string, JobRecord> = new Map(),
): Map<string, JobRecord> {
  const records = new Map<string, JobRecord>();
  const withoutWeights = new Map<string, JobRecord>();
  for (const job of jobs) {
    const own = known.get(job.folder) ?? readJobRecord(join(folder, job.folder));
    const record = own ?? packed.get(job.folder)?.record;
    if (record === undefined) continue;
    if (own === undefined && job.kind === "pretrain") withoutWeights.set(job.folder, record);
    else records.set(job.folder, record);
  }
  for (const job of jobs) {
    if (job.kind === "evaluate" && !records.has(job.folder) && "key" in job.from)
      withoutWeights.delete(job.from.folder);
  }
  for (const [name, record] of withoutWeights) records.set(name, record);
  return records;
}
