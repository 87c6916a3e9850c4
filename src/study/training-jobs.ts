// The jobs of a study that train an encoder: each is a run like any other, which goes on where it was.

import { join } from "node:path";
import type { EvaluationResult, TrainedEvaluation } from "../evaluations/evaluation.js";
import { createKnnEvaluator } from "../evaluations/online-knn.js";
import type { EventOptions } from "../training/events.js";
import { readMetrics } from "../training/metrics-file.js";
import type { Warn } from "../training/newest-checkpoint.js";
import { pretrain, resume } from "../training/pretrain.js";
import { holdsRun } from "../training/run-folder.js";
import { type JobRecord, recordOf } from "./job-record.js";
import { type EvaluationJob, encoderOf, originOf, type PretrainJob } from "./jobs.js";
import { pretrainCost } from "./pretrain-cost.js";
import { optionsOf } from "./recipe-evaluations.js";

/** How this process uses the machine, over what a run's configuration says of it. */
function machineOf(threads: number): { threads?: number } {
  return threads > 0 ? { threads } : {};
}

/** Undefined where it was stopped before its end, as below. Throws the errors of `pretrain`. */
export async function carryOutPretrain(
  job: PretrainJob,
  folder: string,
  threads: number,
  options: EventOptions,
): Promise<JobRecord | undefined> {
  const { key, variant, seed, config } = job;
  const run = join(folder, job.folder);
  const machine = machineOf(threads);
  const withEvaluator = { ...options, createEvaluator: createKnnEvaluator };
  const summary = (await holdsRun(run))
    ? await resume(run, { ...machine, ...withEvaluator })
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

/** Throws the errors of the evaluation. */
export async function carryOutTrained(
  job: EvaluationJob,
  evaluation: TrainedEvaluation,
  folder: string,
  threads: number,
  options: EventOptions & { readonly warn?: Warn | undefined },
): Promise<JobRecord | undefined> {
  const run = join(folder, job.folder);
  // The report is written last, so that where there is one, only the record of it is missing.
  const result = evaluation.finished(run) ?? (await train());
  return result === undefined ? undefined : recordOf(job, result, await trainingSeconds(join(run, "metrics.jsonl")));

  async function train(): Promise<EvaluationResult | undefined> {
    if (await holdsRun(run)) return evaluation.resume(run, { ...machineOf(threads), ...options });
    const request = {
      ...encoderOf(job.from, folder),
      ...optionsOf(job.evaluation, job),
      ...{ threads, warn: options.warn, origin: originOf(job.evaluation) },
    };
    return evaluation.begin(request, run, options);
  }
}

/** What all steps took together, whichever process made them. Throws StorageError. */
export async function trainingSeconds(path: string): Promise<number> {
  let seconds = 0;
  for (const { stepSeconds } of await readMetrics(path)) if (typeof stepSeconds === "number") seconds += stepSeconds;
  return seconds;
}
