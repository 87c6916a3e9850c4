// job.json: that a piece of a study is finished, and what it took. All that a report needs lies in it or beside it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { writeAtomically } from "../training/atomic-write.js";
import { RunDirectoryError } from "../training/errors.js";
import { errorCode, makeFolder, storageError } from "../training/storage.js";

const common = {
  key: z.string(),
  variant: z.string(),
  seed: z.int().min(0),
  /** Wall time of all processes that worked on it. */
  seconds: z.number().min(0),
};
const schema = z.discriminatedUnion("kind", [
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
    /** Share of the test images whose class was told; of a segmentation, the mean intersection over union. */
    score: z.number().min(0).max(1),
  }),
]);

export type JobRecord = z.infer<typeof schema>;
export type PretrainRecord = Extract<JobRecord, { kind: "pretrain" }>;
export type EvaluationRecord = Extract<JobRecord, { kind: "evaluate" }>;

/** What the score of a task is called. */
export function scoreName(task: string): string {
  return task === "segmentation" ? "mean IoU" : "top-1";
}

const FILE = "job.json";

/** Undefined where the job is not finished. Throws RunDirectoryError for a file that is none of ours, StorageError. */
export function readJobRecord(folder: string): JobRecord | undefined {
  const path = join(folder, FILE);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) return undefined;
    throw storageError(error, "read", path);
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new RunDirectoryError(
      `${path} is not a record of a study: ${(error as Error).message.split("\n")[0]}. Delete its folder to do the job again`,
    );
  }
}

/** Written last: a folder that has it is whole. */
export async function writeJobRecord(folder: string, record: JobRecord): Promise<void> {
  await makeFolder(folder);
  await writeAtomically(join(folder, FILE), [Buffer.from(`${JSON.stringify(record, null, 2)}\n`)]);
}
