// Carries out a study: each job in turn, what is finished left as it is, what was begun resumed.

import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { EvaluationError } from "../evaluation/errors.js";
import { evaluateKnn } from "../evaluation/evaluate-knn.js";
import { evaluateProbe } from "../evaluation/evaluate-probe.js";
import { evaluateSegmentation } from "../evaluation/evaluate-segmentation.js";
import { finetune, resumeFinetune } from "../evaluation/finetune/finetune.js";
import type { FinetuneHooks } from "../evaluation/finetune/finetune-report.js";
import type { ImageProgress } from "../evaluation/image-progress.js";
import { createKnnEvaluator } from "../evaluation/online-knn.js";
import { type EvaluationReport, type ReportFigures, readReport, writeReport } from "../evaluation/report.js";
import { writeAtomically } from "../training/atomic-write.js";
import type { RunHooks } from "../training/hooks.js";
import { pretrain, resume } from "../training/pretrain.js";
import { formatDuration } from "../training/quantities.js";
import { holdsRun } from "../training/run-directory.js";
import { RunLock } from "../training/run-lock.js";
import { makeFolder } from "../training/storage.js";
import { encoderOf } from "./encoder.js";
import { cachedFeatures } from "./feature-cache.js";
import { createFinetuneRequest } from "./finetune-job.js";
import { type JobRecord, readJobRecord, scoreName, writeJobRecord } from "./job-record.js";
import { type EvaluationJob, type Job, jobsOf, type PretrainJob } from "./jobs.js";
import { trainingSeconds } from "./metrics.js";
import { pretrainCost } from "./pretrain-cost.js";
import type { Study, StudyRecipe } from "./recipe.js";
import { readRecipeCopy, recipePath } from "./recipe-copy.js";
import { remainingSeconds } from "./time-left.js";

/** Patches that vote on one, in segmentation. */
const PATCH_NEIGHBOURS = 20;
/** Between two looks at what other processes have finished. */
const WAIT_MILLISECONDS = 2000;

export interface StudyHooks extends FinetuneHooks {
  readonly threads: number;
}

export interface StudySummary {
  readonly outcome: "finished" | "stopped";
  readonly done: number;
  readonly total: number;
}

/**
 * Works through a study in `folder`. Several processes may share it: each takes the next job that nobody has, and waits
 * where all that is left is being done. Throws EvaluationError where the folder holds another study, and the errors of
 * the jobs: what was finished before stays finished.
 */
export async function runStudy(study: Study, folder: string, hooks: StudyHooks): Promise<StudySummary> {
  await keepRecipe(study.recipe, folder);
  const jobs = jobsOf(study);
  const features = cachedFeatures();
  const records = new Map<string, JobRecord>();
  let isWaiting = false;
  while (!hooks.stopRequested()) {
    for (const job of jobs.filter((each) => !records.has(each.folder))) {
      const record = readJobRecord(join(folder, job.folder));
      if (record !== undefined) records.set(job.folder, record);
    }
    if (records.size === jobs.length) break;
    const taken = await takeJob(jobs, records, folder);
    if (taken === undefined) {
      if (!isWaiting) hooks.print("What is left is being done by other processes: waiting for them.");
      isWaiting = true;
      await setTimeout(WAIT_MILLISECONDS);
      continue;
    }
    isWaiting = false;
    const { job, lock } = taken;
    try {
      hooks.print(`[${records.size + 1} of ${jobs.length}] ${describeJob(job)}${leftText(jobs, records)}`);
      const record = await carryOut(job, folder, features, hooks);
      hooks.progress.end();
      if (record === undefined) break;
      await writeJobRecord(join(folder, job.folder), record);
      records.set(job.folder, record);
      if (record.kind === "evaluate") hooks.print(`  ${scoreName(record.task)} ${(100 * record.score).toFixed(1)}%`);
    } finally {
      lock.release();
    }
  }
  const finished = records.size === jobs.length;
  return { outcome: finished ? "finished" : "stopped", done: records.size, total: jobs.length };
}

/** The first open job whose encoder is there, and that no other process has. */
async function takeJob(jobs: readonly Job[], records: ReadonlyMap<string, JobRecord>, folder: string) {
  for (const job of jobs) {
    if (records.has(job.folder)) continue;
    if (job.kind === "evaluate" && "key" in job.from && !records.has(job.from.folder)) continue;
    const path = join(folder, job.folder);
    await makeFolder(dirname(path));
    const lock = RunLock.tryAcquire(`${path}.lock`);
    if (lock === undefined) continue;
    // It may have been finished, and the lock given back, since the records were read.
    if (readJobRecord(path) === undefined) return { job, lock };
    lock.release();
  }
  return undefined;
}

/** The recipe lies beside its results, so that a report needs nothing else; another one in its place is refused. */
async function keepRecipe(recipe: StudyRecipe, folder: string): Promise<void> {
  await makeFolder(folder);
  const former = readRecipeCopy(folder);
  if (former !== undefined && former.title !== recipe.title) {
    throw new EvaluationError({
      expected: `a new folder, or one of the study "${recipe.title}"`,
      found: `the study "${former.title}" in ${folder}`,
      remedy: "Choose another folder with --out",
    });
  }
  await writeAtomically(recipePath(folder), [Buffer.from(`${JSON.stringify(recipe, null, 2)}\n`)]);
}

function describeJob(job: Job): string {
  const seed = `seed ${job.seed}`;
  if (job.kind === "pretrain") return `pre-training: ${job.variant}, ${seed}`;
  const share = `${Number((100 * job.labelsFraction).toPrecision(3))}% of the labels`;
  return `${job.evaluation.name}: ${job.variant}, ${share}, ${seed}`;
}

function leftText(jobs: readonly Job[], records: ReadonlyMap<string, JobRecord>): string {
  const seconds = remainingSeconds(jobs, records);
  return seconds === undefined ? "" : `; about ${formatDuration(seconds)} left for the whole study`;
}

/** Undefined where it was stopped before its end. */
function carryOut(
  job: Job,
  folder: string,
  features: ReturnType<typeof cachedFeatures>,
  hooks: StudyHooks,
): Promise<JobRecord | undefined> {
  if (job.kind === "pretrain") return carryOutPretrain(job, folder, hooks);
  if (job.evaluation.task === "finetune") return carryOutFinetune(job, folder, hooks);
  return carryOutFrozen(job, folder, features, hooks.threads, hooks.imageProgress);
}

async function carryOutPretrain(job: PretrainJob, folder: string, hooks: RunHooks): Promise<JobRecord | undefined> {
  const { key, variant, seed, config } = job;
  const run = join(folder, job.folder);
  const withEvaluator = { ...hooks, createEvaluator: createKnnEvaluator };
  const summary = await ((await holdsRun(run)) ? resume(run, {}, withEvaluator) : pretrain(config, run, withEvaluator));
  if (summary.outcome === "stopped") return undefined;
  const { multiplyAdds } = pretrainCost(config);
  const images = summary.totalSteps * config.schedule.batchSize;
  return {
    kind: "pretrain",
    key,
    variant,
    seed,
    seconds: summary.seconds,
    method: config.method,
    images,
    multiplyAdds,
  };
}

async function carryOutFinetune(job: EvaluationJob, folder: string, hooks: StudyHooks): Promise<JobRecord | undefined> {
  const run = join(folder, job.folder);
  // The report is written last, so that where there is one, only the record of it is missing.
  const former = readReport(join(run, "report.json"));
  if (former !== undefined) return recordOf(job, finetuneFigures(former), trainingSeconds(join(run, "metrics.jsonl")));
  const { report } = (await holdsRun(run))
    ? await resumeFinetune(run, {}, hooks)
    : await finetune(createFinetuneRequest(job, folder, hooks.threads), run, hooks);
  return report === null
    ? undefined
    : recordOf(job, finetuneFigures(report), trainingSeconds(join(run, "metrics.jsonl")));
}

async function carryOutFrozen(
  { evaluation, from, seed, labelsFraction, ...job }: EvaluationJob,
  folder: string,
  features: ReturnType<typeof cachedFeatures>,
  threads: number,
  progress: ImageProgress,
): Promise<JobRecord> {
  const began = performance.now();
  const path = join(folder, job.folder);
  const encoder = { ...encoderOf(from, folder), seed, threads };
  if (evaluation.task === "finetune") throw new TypeError("a fine-tuning is no evaluation of frozen features");
  if (evaluation.task === "segmentation") {
    const { scenes, images, queries } = evaluation;
    const { train, test, detail, ...rest } = await evaluateSegmentation(
      { ...encoder, scenes, images, queries, neighbours: PATCH_NEIGHBOURS },
      progress,
    );
    await makeFolder(path);
    const text = JSON.stringify({ ...rest, train, test, detail }, null, 2);
    await writeAtomically(join(path, "report.json"), [Buffer.from(`${text}\n`)]);
    const figures = { train, test, score: detail.meanIou };
    return recordOf({ ...job, evaluation, from, seed, labelsFraction }, figures, secondsSince(began));
  }
  const { train, test, pooling } = evaluation;
  const request = { ...encoder, train, test, labelsFraction };
  const report: EvaluationReport =
    evaluation.task === "knn"
      ? await evaluateKnn({ ...request, pooling }, progress, features)
      : await evaluateProbe({ ...request, pooling, augment: false, batchSize: 1024 }, progress, features);
  await makeFolder(path);
  await writeReport(join(path, "report.json"), report);
  const figures = { train: report.train, test: report.test, score: report.detail.top1 };
  return recordOf({ ...job, evaluation, from, seed, labelsFraction }, figures, secondsSince(began));
}

function secondsSince(began: number): number {
  return (performance.now() - began) / 1000;
}

interface Figures {
  readonly train: { readonly images: number };
  readonly test: { readonly images: number };
  readonly score: number;
}

function finetuneFigures({ train, test, detail }: ReportFigures): Figures {
  return { train, test, score: detail.top1 };
}

function recordOf(job: EvaluationJob, { train, test, score }: Figures, seconds: number): JobRecord {
  const { key, variant, seed, labelsFraction, evaluation } = job;
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
  };
}
