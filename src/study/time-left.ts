// How long the rest of a study takes, by what its finished jobs took.

import type { JobRecord } from "./job-record.js";
import type { Job, PretrainJob } from "./jobs.js";

/** Seconds of one process, for all jobs without a record; undefined while nothing like one of them is finished. */
export function remainingSeconds(jobs: readonly Job[], records: ReadonlyMap<string, JobRecord>): number | undefined {
  const finished = jobs.flatMap((job): Finished[] => {
    const record = records.get(job.folder);
    return record === undefined ? [] : [{ job, seconds: record.seconds }];
  });
  let total = 0;
  for (const job of jobs) {
    if (records.has(job.folder)) continue;
    const seconds = job.kind === "pretrain" ? pretrainSeconds(job, finished) : evaluationSeconds(job, finished);
    if (seconds === undefined) return undefined;
    total += seconds;
  }
  return total;
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
