// What is left of a study, by hand: encoders by their other seeds, then by their method's images; evaluations by their kind.
import { expect, test } from "vitest";
import type { JobRecord } from "#src/study/job-record.js";
import type { Job } from "#src/study/jobs.js";
import { remainingSeconds } from "#src/study/time-left.js";

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

test("an encoder takes what its other seeds took", () => {
  const jobs = [0, 1, 2].map((seed) => pretraining("A", seed, "mae", 100));
  const other = pretraining("B", 0, "mae", 100);
  expect(remainingSeconds([...jobs, other], taking([jobs[0]!, 30], [jobs[1]!, 50], [other, 1000]))).toBe(40);
});

test("before there are any, what its method took for as many images", () => {
  const [long, short, other] = [
    pretraining("A", 0, "ibot", 100),
    pretraining("B", 0, "ibot", 25),
    pretraining("C", 0, "mae", 50),
  ];
  expect(remainingSeconds([long, short], taking([long, 80]))).toBe(20);
  expect(remainingSeconds([long, other], taking([long, 80]))).toBeUndefined();
  // Epochs and images cannot be compared without the source.
  expect(remainingSeconds([long, pretraining("D", 0, "ibot", null)], taking([long, 80]))).toBeUndefined();
});

test("evaluations take what those of the same name and labels took, and nothing is left of what is finished", () => {
  const jobs = [evaluating("kNN", 0), evaluating("kNN", 1), evaluating("kNN", 0, 0.1), evaluating("kNN", 1, 0.1)];
  const records = taking([jobs[0]!, 8], [jobs[2]!, 3]);
  expect(remainingSeconds(jobs, records)).toBe(11);
  expect(remainingSeconds(jobs.slice(0, 1), records)).toBe(0);
});
