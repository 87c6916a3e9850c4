// What is left of a study, by hand: encoders by their other seeds, then by their method's images; evaluations by their kind.
import { expect, test } from "vitest";
import type { JobRecord } from "#src/study/job-record.js";
import type { Job } from "#src/study/jobs.js";
import { openSeconds, secondsLeft } from "#src/study/time-left.js";

const pretraining = (variant: string, seed: number, method: string, steps: number | null) =>
  ({
    kind: "pretrain",
    folder: `pretrain/${variant}-${seed}`,
    variant,
    seed,
    config: { method, schedule: { steps, epochs: steps === null ? 2 : null, batchSize: 10 } },
  }) as unknown as Job;
const evaluating = (name: string, seed: number, labelsFraction = 1) =>
  ({ kind: "evaluate", folder: `${name}/${seed}/${labelsFraction}`, evaluation: { name }, labelsFraction }) as Job;
const taking = (...pairs: readonly (readonly [Job, number])[]) =>
  new Map(pairs.map(([job, seconds]) => [job.folder, { seconds } as JobRecord]));

const remaining = (jobs: readonly Job[], records: ReadonlyMap<string, JobRecord>) =>
  openSeconds(
    jobs.filter((job) => !records.has(job.folder)),
    jobs,
    records,
  );

test("an encoder takes what its other seeds took", () => {
  const jobs = [0, 1, 2].map((seed) => pretraining("A", seed, "mae", 100));
  const other = pretraining("B", 0, "mae", 100);
  expect(remaining([...jobs, other], taking([jobs[0]!, 30], [jobs[1]!, 50], [other, 1000]))).toBe(40);
});

test("before there are any, what its method took for as many images", () => {
  const [long, short, other] = [
    pretraining("A", 0, "ibot", 100),
    pretraining("B", 0, "ibot", 25),
    pretraining("C", 0, "mae", 50),
  ];
  expect(remaining([long, short], taking([long, 80]))).toBe(20);
  expect(remaining([long, other], taking([long, 80]))).toBeUndefined();
  // Epochs and images cannot be compared without the source.
  expect(remaining([long, pretraining("D", 0, "ibot", null)], taking([long, 80]))).toBeUndefined();
});

test("evaluations take what those of the same name and labels took, and nothing is left of what is finished", () => {
  const jobs = [evaluating("kNN", 0), evaluating("kNN", 1), evaluating("kNN", 0, 0.1), evaluating("kNN", 1, 0.1)];
  const records = taking([jobs[0]!, 8], [jobs[2]!, 3]);
  expect(remaining(jobs, records)).toBe(11);
  expect(remaining(jobs.slice(0, 1), records)).toBe(0);
});

test("the whole is done sooner with others at work, and no sooner than can be", () => {
  const alone = { current: 60, later: 100, others: 0 };
  expect([0, 50, 90].map((elapsed) => secondsLeft({ ...alone, elapsed }))).toEqual([160, 110, 100]);
  const shared = { current: 60, later: 60, others: 1 };
  expect([0, 30, 60, 70].map((elapsed) => secondsLeft({ ...shared, elapsed }))).toEqual([60, 30, 0, 0]);
  // The job at hand takes twice as long as it was said to, while the other process goes on.
  const late = { current: 10, later: 90, others: 1 };
  expect([0, 10, 60].map((elapsed) => secondsLeft({ ...late, elapsed }))).toEqual([50, 40, 15]);
});
