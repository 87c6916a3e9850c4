// Evaluations of a study that train nothing but a linear layer: the encoder stays as it was pre-trained.

import { join } from "node:path";
import { evaluateKnn } from "../evaluations/evaluate-knn.js";
import { evaluateProbe } from "../evaluations/evaluate-probe.js";
import { evaluateRecognition } from "../evaluations/evaluate-recognition.js";
import { evaluateReconstruction } from "../evaluations/evaluate-reconstruction.js";
import { evaluateSegmentation } from "../evaluations/evaluate-segmentation.js";
import type { ImageProgress } from "../evaluations/image-progress.js";
import { writeReport } from "../evaluations/report.js";
import { writeJson } from "../files/atomic-write.js";
import { makeFolder } from "../files/storage.js";
import type { Warn } from "../training/newest-checkpoint.js";
import type { cachedFeatures } from "./feature-cache.js";
import { type EvaluationResult, type JobRecord, recordOf } from "./job-record.js";
import type { EvaluationJob } from "./jobs.js";
import { encoderOf } from "./jobs.js";

/** Patches that vote on one, in segmentation. */
const PATCH_NEIGHBOURS = 20;

/** Whom an evaluation tells what it does, and what is wrong with its encoder. */
interface StudyOutputs {
  readonly imageProgress: ImageProgress;
  readonly warn?: Warn | undefined;
}

/** Writes report.json into the job's folder. Throws the errors of the evaluation. */
export async function carryOutFrozen(
  job: EvaluationJob,
  folder: string,
  features: ReturnType<typeof cachedFeatures>,
  threads: number,
  { imageProgress, warn }: StudyOutputs,
): Promise<JobRecord> {
  const began = performance.now();
  const path = join(folder, job.folder);
  await makeFolder(path);
  const result = await evaluate(job, folder, join(path, "report.json"), features, { threads, warn }, imageProgress);
  return recordOf(job, result, (performance.now() - began) / 1000);
}

async function evaluate(
  { evaluation, from, seed, labelsFraction }: EvaluationJob,
  folder: string,
  out: string,
  features: ReturnType<typeof cachedFeatures>,
  common: { readonly threads: number; readonly warn?: Warn | undefined },
  progress: ImageProgress,
): Promise<EvaluationResult> {
  const encoder = { ...encoderOf(from, folder), seed, ...common };
  switch (evaluation.task) {
    case "segmentation": {
      const { scenes, images, queries } = evaluation;
      const request = { ...encoder, scenes, images, queries, neighbours: PATCH_NEIGHBOURS };
      const report = await evaluateSegmentation(request, progress);
      await writeJson(out, report);
      return { ...report, score: report.detail.meanIou };
    }
    case "reconstruction": {
      if (!("key" in from)) throw new TypeError("an encoder from scratch reconstructs nothing");
      const { test, images } = evaluation;
      const request = { run: join(folder, from.folder), test, images, seed, ...common };
      const report = await evaluateReconstruction(request, progress);
      await writeJson(out, report);
      return { train: { images: 0 }, test: report.test, score: report.detail.reconstruction };
    }
    case "recognition": {
      const { test, images } = evaluation;
      const report = await evaluateRecognition({ ...encoder, test, images }, progress);
      await writeJson(out, report);
      const { homologous, chance } = report.detail;
      return { train: { images: 0 }, test: report.test, score: homologous, chance };
    }
    case "knn":
    case "probe": {
      const { train, test, pooling } = evaluation;
      const request = { ...encoder, train, test, labelsFraction, pooling };
      const report =
        evaluation.task === "knn"
          ? await evaluateKnn(request, progress, features)
          : await evaluateProbe({ ...request, augment: false, batchSize: 1024 }, progress, features);
      await writeReport(out, report);
      return { ...report, score: report.detail.top1 };
    }
    case "finetune":
      throw new TypeError("a fine-tuning is not an evaluation of a frozen encoder");
  }
}
