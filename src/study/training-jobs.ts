// The jobs of a study that train an encoder: each is a run like any other, which goes on where it was.

import { join } from "node:path";
import { type FinetuneRequest, finetune, resumeFinetune } from "../evaluations/finetune/finetune.js";
import type { FinetuneHooks } from "../evaluations/finetune/finetune-report.js";
import { createKnnEvaluator } from "../evaluations/online-knn.js";
import { type ReportMetrics, readReport } from "../evaluations/report.js";
import type { RunHooks } from "../training/hooks.js";
import { readMetrics } from "../training/metrics-file.js";
import type { Warn } from "../training/newest-checkpoint.js";
import { pretrain, resume } from "../training/pretrain.js";
import { holdsRun } from "../training/run-directory.js";
import { type EvaluationResult, type JobRecord, recordOf } from "./job-record.js";
import { type EvaluationJob, encoderOf, type PretrainJob } from "./jobs.js";
import { pretrainCost } from "./pretrain-cost.js";

/** How this process uses the machine, over what a run's configuration says of it. */
function machineOf(threads: number): { threads?: number } {
  return threads > 0 ? { threads } : {};
}

/** Undefined where it was stopped before its end, as below. Throws the errors of `pretrain`. */
export async function carryOutPretrain(
  job: PretrainJob,
  folder: string,
  threads: number,
  hooks: RunHooks,
): Promise<JobRecord | undefined> {
  const { key, variant, seed, config } = job;
  const run = join(folder, job.folder);
  const machine = machineOf(threads);
  const withEvaluator = { ...hooks, createEvaluator: createKnnEvaluator };
  const summary = (await holdsRun(run))
    ? await resume(run, machine, withEvaluator)
    : await pretrain({ ...config, run: { ...config.run, ...machine } }, run, withEvaluator);
  if (summary.outcome === "stopped") return undefined;
  const { multiplyAdds } = pretrainCost(config);
  const images = summary.totalSteps * config.schedule.batchSize;
  return {
    kind: "pretrain",
    key,
    variant,
    seed,
    seconds: await trainingSeconds(join(run, "metrics.jsonl")),
    method: config.method,
    images,
    multiplyAdds,
  };
}

/** Throws the errors of `finetune`. */
export async function carryOutFinetune(
  job: EvaluationJob,
  folder: string,
  threads: number,
  hooks: FinetuneHooks & { readonly warn?: Warn },
): Promise<JobRecord | undefined> {
  const run = join(folder, job.folder);
  // The report is written last, so that where there is one, only the record of it is missing.
  const former = readReport(join(run, "report.json"));
  const { report } =
    former !== undefined
      ? { report: former }
      : (await holdsRun(run))
        ? await resumeFinetune(run, machineOf(threads), hooks)
        : await finetune(createFinetuneRequest(job, folder, { threads, warn: hooks.warn }), run, hooks);
  if (report === null) return undefined;
  return recordOf(job, finetuneResult(report), await trainingSeconds(join(run, "metrics.jsonl")));
}

/** What a fine-tuning is asked for. */
function createFinetuneRequest(
  { evaluation, from, seed, labelsFraction }: EvaluationJob,
  folder: string,
  { threads, warn }: { readonly threads: number; readonly warn?: Warn | undefined },
): FinetuneRequest {
  if (evaluation.task !== "finetune") throw new TypeError(`${evaluation.name} is not a fine-tuning`);
  const { train, test, recipe, options, name } = evaluation;
  const layers = [
    { origin: "the study's seeds", values: { seed } },
    { origin: `the study's ${name}`, values: options },
    ...(threads > 0 ? [{ origin: "--threads", values: { run: { threads } } }] : []),
  ];
  return { ...encoderOf(from, folder), train, test, labelsFraction, seed, recipe, layers, warn };
}

/** What all steps took together, whichever process made them. Throws StorageError. */
export async function trainingSeconds(path: string): Promise<number> {
  let seconds = 0;
  for (const { stepSeconds } of await readMetrics(path)) if (typeof stepSeconds === "number") seconds += stepSeconds;
  return seconds;
}

function finetuneResult({ train, test, detail }: ReportMetrics): EvaluationResult {
  return { train, test, score: detail.top1 };
}
