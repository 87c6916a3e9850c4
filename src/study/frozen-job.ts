// Evaluations of a study that leave the encoder as it was pre-trained.

import { join } from "node:path";
import type { FrozenEvaluation } from "../evaluations/evaluation.js";
import type { ImageProgress } from "../evaluations/image-progress.js";
import { writeReportFiles } from "../evaluations/report-files.js";
import { makeFolder } from "../files/storage.js";
import type { Warn } from "../training/newest-checkpoint.js";
import type { cachedFeatures } from "./feature-cache.js";
import { type JobRecord, recordOf } from "./job-record.js";
import { type EvaluationJob, encoderOf } from "./jobs.js";
import { optionsOf } from "./recipe-evaluations.js";

/** Whom an evaluation tells what it does, and what is wrong with its encoder. */
interface StudyOutputs {
  readonly imageProgress: ImageProgress;
  readonly warn?: Warn | undefined;
}

/** Writes report.json into the job's folder. Throws the errors of the evaluation. */
export async function carryOutFrozen(
  job: EvaluationJob,
  { run, picture, result }: FrozenEvaluation,
  folder: string,
  features: ReturnType<typeof cachedFeatures>,
  threads: number,
  { imageProgress, warn }: StudyOutputs,
): Promise<JobRecord> {
  const began = performance.now();
  const path = join(folder, job.folder);
  await makeFolder(path);
  const request = { ...encoderOf(job.from, folder), ...optionsOf(job.evaluation, job), threads, warn };
  const report = await run(request, { progress: imageProgress, features });
  await writeReportFiles(join(path, "report.json"), report, await picture?.draw(report));
  return recordOf(job, result(report), (performance.now() - began) / 1000);
}
