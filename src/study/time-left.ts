// How long the rest of a study takes, by what its finished jobs took.

import type { JobRecord } from "./job-record.js";
import type { Job } from "./jobs.js";

/** Undefined while no job like one of those that are left has been finished. */
export function remainingSeconds(jobs: readonly Job[], records: ReadonlyMap<string, JobRecord>): number | undefined {
  const taken = new Map<string, number[]>();
  for (const job of jobs) {
    const record = records.get(job.folder);
    if (record !== undefined) taken.set(kindOf(job), [...(taken.get(kindOf(job)) ?? []), record.seconds]);
  }
  let total = 0;
  for (const job of jobs) {
    if (records.has(job.folder)) continue;
    const known = taken.get(kindOf(job));
    if (known === undefined) return undefined;
    total += known.reduce((sum, seconds) => sum + seconds, 0) / known.length;
  }
  return total;
}

/** Jobs that take about as long as each other. */
function kindOf(job: Job): string {
  return job.kind === "pretrain" ? `pretrain ${job.config.method}` : `${job.evaluation.name} ${job.labelsFraction}`;
}
