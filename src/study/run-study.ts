// Carries out a study: each job in turn, what is finished left as it is, what was begun resumed.

import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { EvaluationError } from "../evaluation/errors.js";
import { finetune, resumeFinetune } from "../evaluation/finetune/finetune.js";
import type { FinetuneHooks } from "../evaluation/finetune/finetune-report.js";
import { createKnnEvaluator } from "../evaluation/online-knn.js";
import { type ReportFigures, readReport } from "../evaluation/report.js";
import type { RunHooks } from "../training/hooks.js";
import { pretrain, resume } from "../training/pretrain.js";
import { formatDuration } from "../training/quantities.js";
import { holdsRun } from "../training/run-directory.js";
import { RunLock } from "../training/run-lock.js";
import { makeFolder } from "../training/storage.js";
import { cachedFeatures } from "./feature-cache.js";
import { createFinetuneRequest } from "./finetune-job.js";
import { carryOutFrozen } from "./frozen-job.js";
import { type Figures, type JobRecord, measureOf, readJobRecord, recordOf, writeJobRecord } from "./job-record.js";
import { type EvaluationJob, type Job, jobsOf, type PretrainJob } from "./jobs.js";
import { trainingSeconds } from "./metrics.js";
import { shareText } from "./names.js";
import { pretrainCost } from "./pretrain-cost.js";
import type { Study } from "./recipe.js";
import { readPlan, type StudyPlan, writePlan } from "./study-plan.js";
import { remainingSeconds } from "./time-left.js";

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
  const jobs = jobsOf(study);
  await keepPlan({ recipe: study.recipe, jobs: jobs.map((job) => job.folder) }, folder);
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
      if (record.kind === "evaluate") {
        const { name, scale, digits, unit } = measureOf(record.task);
        hooks.print(`  ${name}${unit}: ${(scale * record.score).toFixed(digits)}`);
      }
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
async function keepPlan(plan: StudyPlan, folder: string): Promise<void> {
  await makeFolder(folder);
  const former = readPlan(folder)?.recipe;
  if (former !== undefined && former.title !== plan.recipe.title) {
    throw new EvaluationError({
      expected: `a new folder, or one of the study "${plan.recipe.title}"`,
      found: `the study "${former.title}" in ${folder}`,
      remedy: "Choose another folder with --out",
    });
  }
  await writePlan(folder, plan);
}

function describeJob(job: Job): string {
  const seed = `seed ${job.seed}`;
  if (job.kind === "pretrain") return `pre-training: ${job.variant}, ${seed}`;
  return `${job.evaluation.name}: ${job.variant}, ${shareText(job.labelsFraction)} of the labels, ${seed}`;
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
    seconds: trainingSeconds(join(run, "metrics.jsonl")),
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

function finetuneFigures({ train, test, detail }: ReportFigures): Figures {
  return { train, test, score: detail.top1 };
}
