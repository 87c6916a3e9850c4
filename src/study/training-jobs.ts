// The jobs of a study that train an encoder: each is a run like any other, which goes on where it was.

import { join } from "node:path";
import { finetune, resumeFinetune } from "../evaluations/finetune/finetune.js";
import { createKnnEvaluator } from "../evaluations/online-knn.js";
import { type ReportFigures, readReport } from "../evaluations/report.js";
import type { EventOptions } from "../training/events.js";
import type { Warn } from "../training/newest-checkpoint.js";
import { pretrain, resume } from "../training/pretrain.js";
import { holdsRun } from "../training/run-directory.js";
import { createFinetuneRequest } from "./finetune-job.js";
import { type Figures, type JobRecord, recordOf } from "./job-record.js";
import type { EvaluationJob, PretrainJob } from "./jobs.js";
import { trainingSeconds } from "./metrics.js";
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
    seconds: trainingSeconds(join(run, "metrics.jsonl")),
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
  options: EventOptions & { readonly warn?: Warn | undefined },
): Promise<JobRecord | undefined> {
  const run = join(folder, job.folder);
  // The report is written last, so that where there is one, only the record of it is missing.
  const former = readReport(join(run, "report.json"));
  if (former !== undefined) return recordOf(job, finetuneFigures(former), trainingSeconds(join(run, "metrics.jsonl")));
  const { report } = (await holdsRun(run))
    ? await resumeFinetune(run, { ...machineOf(threads), ...options })
    : await finetune(createFinetuneRequest(job, folder, { threads, warn: options.warn }), run, options);
  return report === null
    ? undefined
    : recordOf(job, finetuneFigures(report), trainingSeconds(join(run, "metrics.jsonl")));
}

function finetuneFigures({ train, test, detail }: ReportFigures): Figures {
  return { train, test, score: detail.top1 };
}
