// job.json: that a job of a study is finished, and its result. With the metrics, it is all that a report needs.

import { join } from "node:path";
import { z } from "zod";
import { DamagedFileError } from "../evaluations/errors.js";
import type { EvaluationResult, Measure } from "../evaluations/evaluation.js";
import { evaluationOfTask } from "../evaluations/evaluation-of.js";
import { writeJson } from "../files/atomic-write.js";
import { makeFolder, readTextIfThere } from "../files/storage.js";
import { RunDirectoryError } from "../training/errors.js";
import type { EvaluationJob } from "./jobs.js";

const common = {
  key: z.string(),
  variant: z.string(),
  seed: z.int().min(0),
  /** What all processes that worked on it took for its training steps or its evaluation. */
  seconds: z.number().min(0),
};
export const jobRecord = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("pretrain"),
    ...common,
    method: z.string(),
    /** Clean images seen in all. */
    images: z.number().min(0),
    /** Of a training step, forward and backward, for one clean image. */
    multiplyAdds: z.number().min(0),
  }),
  z.strictObject({
    kind: z.literal("evaluate"),
    ...common,
    evaluation: z.string(),
    task: z.string(),
    labelsFraction: z.number().gt(0).max(1),
    trainImages: z.int().min(0),
    testImages: z.int().min(0),
    /** What `measureOf` the task says. */
    score: z.number().min(0),
    /** The score of guessing, for tasks that know it. */
    chance: z.number().min(0).optional(),
    /** By the names of the evaluation's further measures. */
    further: z.record(z.string(), z.number().min(0)).optional(),
  }),
]);

export type JobRecord = z.infer<typeof jobRecord>;
export type PretrainRecord = Extract<JobRecord, { kind: "pretrain" }>;
export type EvaluationRecord = Extract<JobRecord, { kind: "evaluate" }>;

/** What the score of an evaluation is, and how it is written. Throws EvaluationError for a task that there is not. */
export function measureOf(task: string): Measure {
  return evaluationOfTask(task).measure;
}

/** "81.6", without the unit. */
export function shownScore(task: string, score: number): string {
  const { scale, digits } = measureOf(task);
  return (scale * score).toFixed(digits);
}

const FILE = "job.json";

/** Undefined where the job is not finished. Throws RunDirectoryError for a file that is none of ours, StorageError. */
export function readJobRecord(folder: string): JobRecord | undefined {
  const path = join(folder, FILE);
  const text = readTextIfThere(path);
  if (text === undefined) return undefined;
  try {
    return jobRecord.parse(JSON.parse(text));
  } catch (error) {
    throw new RunDirectoryError(
      `${path} is not a record of a study: ${(error as Error).message.split("\n")[0]}. Delete its folder to do the job again`,
    );
  }
}

/** Written last: a folder that has it is whole. */
export async function writeJobRecord(folder: string, record: JobRecord): Promise<void> {
  await makeFolder(folder);
  await writeJson(join(folder, FILE), record);
}

export function recordOf(
  job: EvaluationJob,
  { train, test, score, chance, further }: EvaluationResult,
  seconds: number,
): EvaluationRecord {
  const { key, variant, seed, labelsFraction, evaluation } = job;
  if (!Number.isFinite(score)) {
    throw new DamagedFileError({
      expected: "a score that is a finite number",
      found: `${score} from ${evaluation.name}`,
      remedy: "Look at its images and labels, and at the training of the encoder",
    });
  }
  return {
    kind: "evaluate",
    key,
    variant,
    seed,
    seconds,
    evaluation: evaluation.name,
    task: evaluation.task,
    labelsFraction,
    trainImages: train.images,
    testImages: test.images,
    score,
    ...(chance !== undefined && { chance }),
    ...(further !== undefined && { further: { ...further } }),
  };
}
