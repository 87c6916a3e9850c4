// What a fine-tuning of a study is asked for.

import type { FinetuneRequest } from "../evaluations/finetune/finetune.js";
import type { Warn } from "../training/newest-checkpoint.js";
import { encoderOf } from "./encoder.js";
import type { EvaluationJob } from "./jobs.js";

export function createFinetuneRequest(
  { evaluation, from, seed, labelsFraction }: EvaluationJob,
  folder: string,
  { threads, warn }: { readonly threads: number; readonly warn?: Warn | undefined },
): FinetuneRequest {
  if (evaluation.task !== "finetune") throw new TypeError(`${evaluation.name} is no fine-tuning`);
  const { train, test, recipe, options, name } = evaluation;
  const layers = [
    { origin: "the study's seeds", values: { seed } },
    { origin: `the study's ${name}`, values: options },
    ...(threads > 0 ? [{ origin: "--threads", values: { run: { threads } } }] : []),
  ];
  return { ...encoderOf(from, folder), train, test, labelsFraction, seed, recipe, layers, warn };
}
