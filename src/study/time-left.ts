// How long the rest of a study takes, by what its finished jobs took.

import type { JobRecord } from "./job-record.js";
import type { Job, PretrainJob } from "./jobs.js";

/**
 * Seconds that `open` jobs take one after the other, by the records of those among `jobs` that are finished; undefined
 * while nothing like one of them is.
 */
export function openSeconds(
  open: readonly Job[],
  jobs: readonly Job[],
  records: ReadonlyMap<string, JobRecord>,
): number | undefined {
  const finished = jobs.flatMap((job): Finished[] => {
    const record = records.get(job.folder);
    return record === undefined ? [] : [{ job, seconds: record.seconds }];
  });
  let total = 0;
  for (const job of open) {
    const seconds = job.kind === "pretrain" ? pretrainSeconds(job, finished) : evaluationSeconds(job, finished);
    if (seconds === undefined) return undefined;
    total += seconds;
  }
  return total;
}

export interface Standing {
  /** Seconds of the current job when it was started, and of all other open jobs. */
  readonly current: number;
  readonly later: number;
  /** How many other processes are at work on what is open. */
  readonly others: number;
  /** Seconds since the current job was started. */
  readonly elapsed: number;
}

/** Seconds until the whole is done; never less than what is surely left where a job takes longer than expected. */
export function secondsLeft({ current, later, others, elapsed }: Standing): number {
  const processes = 1 + others;
  return Math.max((current + later) / processes - elapsed, Math.max(0, later - others * elapsed) / processes);
}

interface Finished {
  readonly job: Job;
  readonly seconds: number;
}

function evaluationSeconds(job: Exclude<Job, PretrainJob>, finished: readonly Finished[]): number | undefined {
  const alike = finished.filter(
    ({ job: other }) =>
      other.kind === "evaluate" &&
      other.evaluation.name === job.evaluation.name &&
      other.labelsFraction === job.labelsFraction,
  );
  return meanOf(alike.map(({ seconds }) => seconds));
}

/** By the same encoder's other seeds; before there are any, by images that the same method was shown. */
function pretrainSeconds(job: PretrainJob, finished: readonly Finished[]): number | undefined {
  const others = finished.flatMap(({ job: other, seconds }) => (other.kind === "pretrain" ? [{ other, seconds }] : []));
  const sameVariant = others.filter(({ other }) => other.variant === job.variant);
  if (sameVariant.length > 0) return meanOf(sameVariant.map(({ seconds }) => seconds));
  const own = lengthOf(job);
  const alike = others.flatMap(({ other, seconds }) => {
    const length = lengthOf(other);
    if (other.config.method !== job.config.method || length.unit !== own.unit) return [];
    return [(seconds * own.count) / length.count];
  });
  return meanOf(alike);
}

function lengthOf({ config }: PretrainJob): { readonly unit: "images" | "epochs"; readonly count: number } {
  const { steps, epochs, batchSize } = config.schedule;
  return steps === null ? { unit: "epochs", count: epochs! } : { unit: "images", count: steps * batchSize };
}

function meanOf(seconds: readonly number[]): number | undefined {
  return seconds.length === 0 ? undefined : seconds.reduce((sum, each) => sum + each, 0) / seconds.length;
}
