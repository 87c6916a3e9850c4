// The jobs of a study: pre-trainings first, then evaluations, each with a folder named after its content.

import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { type PretrainConfig, reconstructs, resolveConfig } from "../config/config.js";
import { resolveFinetune } from "../evaluations/finetune/config.js";
import type { ModelRequest } from "../evaluations/model.js";
import { modelPresets } from "../nn/presets.js";
import type { SourcePaths } from "../training/outputs.js";
import { fileName, lastNames, percentOf } from "./names.js";
import { layersWithEqualCompute } from "./pretrain-cost.js";
import type { Evaluation, Study, Variant } from "./recipe.js";

export interface PretrainJob {
  readonly kind: "pretrain";
  /** Relative to the study's folder. */
  readonly folder: string;
  readonly key: string;
  readonly variant: string;
  readonly seed: number;
  readonly config: PretrainConfig;
}

export interface EvaluationJob {
  readonly kind: "evaluate";
  readonly folder: string;
  readonly key: string;
  readonly variant: string;
  readonly seed: number;
  readonly labelsFraction: number;
  /** Sources have absolute paths. */
  readonly evaluation: Evaluation;
  /** The encoder: a pre-training of this study, or one that has learnt nothing. */
  readonly from: PretrainJob | { readonly scratch: NonNullable<Variant["scratch"]>; readonly seed: number };
}

export type Job = PretrainJob | EvaluationJob;

/**
 * All jobs in the order in which they are done: what an evaluation needs comes before it, and the first seed of
 * everything before the second of anything, so that a study that is looked at early is whole but for its deviations.
 * Throws ConfigError for a pre-training that cannot be.
 */
export function jobsOf(study: Study): Job[] {
  const { recipe, folder } = study;
  const layers = layersWithEqualCompute(study);
  const jobs = new Map<string, Job>();
  const add = <Each extends Job>(job: Each): Each => {
    if (!jobs.has(job.folder)) jobs.set(job.folder, job);
    return jobs.get(job.folder) as Each;
  };
  for (const [place, seed] of recipe.seeds.entries()) {
    for (const variant of recipe.variants) {
      const own = place < (variant.pretrainSeeds ?? recipe.seeds.length);
      const encoderSeed = own ? seed : recipe.seeds[0]!;
      const from =
        variant.scratch === undefined
          ? add(pretrainJob(variant.name, encoderSeed, layers.get(variant.name)!, folder))
          : { scratch: variant.scratch, seed: encoderSeed };
      for (const evaluation of recipe.evaluations) {
        checkFinetune(evaluation, from);
        if (evaluation.task === "reconstruction" && !("key" in from && reconstructs(from.config))) continue;
        for (const fraction of fractionsOf(evaluation)) {
          add(evaluationJob(variant.name, seed, from, located(evaluation, folder), fraction));
        }
      }
    }
  }
  return [...jobs.values()];
}

/** A misspelt key is found before anything runs. How many images have labels is known later. */
function checkFinetune(evaluation: Evaluation, from: EvaluationJob["from"]): void {
  if (evaluation.task !== "finetune") return;
  resolveFinetune([{ origin: `the study's ${evaluation.name}`, values: evaluation.options }], {
    recipe: evaluation.recipe,
    encoder: "key" in from ? from.config.model : modelPresets[from.scratch],
    fromScratch: !("key" in from),
    images: Number.MAX_SAFE_INTEGER,
  });
}

function pretrainJob(variant: string, seed: number, layers: Parameters<typeof resolveConfig>[0], folder: string) {
  const config = resolveConfig([...layers, { origin: "the study's seeds", values: { seed } }], folder);
  // What decides what is learnt; where the images lie and how the machine is used do not.
  const { method, model, methodOptions, data, schedule, optimizer, source } = config;
  const { workers: _, memoryBudgetMiB: __, ...views } = data;
  const key = keyOf({ method, seed, model, methodOptions, views, schedule, optimizer, source: namesOf(source) });
  return {
    kind: "pretrain",
    key,
    variant,
    seed,
    config,
    folder: `pretrain/${fileName(variant)}-${seed}-${key}`,
  } as const;
}

function evaluationJob(
  variant: string,
  seed: number,
  from: EvaluationJob["from"],
  evaluation: Evaluation,
  labelsFraction: number,
): EvaluationJob {
  const { name } = evaluation;
  const encoder = "key" in from ? from.key : from;
  const key = keyOf({ encoder, seed, labelsFraction, ...contentOf(evaluation) });
  const share = `${percentOf(labelsFraction)}pct`;
  const folder = `${fileName(name)}/${fileName(variant)}-${share}-${seed}-${key}`;
  return { kind: "evaluate", key, variant, seed, labelsFraction, evaluation, from, folder };
}

/** What of an evaluation decides its result, in addition to the encoder, the labels and the seed. */
function contentOf(evaluation: Evaluation): object {
  if (evaluation.task === "segmentation") {
    const { name: _, scenes, ...choices } = evaluation;
    return { choices, scenes: namesOf(scenes) };
  }
  if (isHeldOut(evaluation)) {
    const { name: _, test, ...choices } = evaluation;
    return { choices, test: namesOf(test) };
  }
  const { name: _, train, test, labelFractions: __, ...choices } = evaluation;
  return { choices, train: namesOf(train), test: namesOf(test) };
}

/** Shares of the labels that it is done with; all of them where no share can be taken. */
export function fractionsOf(evaluation: Evaluation): readonly number[] {
  return "labelFractions" in evaluation ? evaluation.labelFractions : [1];
}

/** Without labels: what an encoder makes of images that it has not seen. */
type HeldOutEvaluation = Extract<Evaluation, { task: "reconstruction" | "recognition" }>;

export function isHeldOut(evaluation: Evaluation): evaluation is HeldOutEvaluation {
  return evaluation.task === "reconstruction" || evaluation.task === "recognition";
}

/** The encoder that an evaluation of the study in `folder` looks at. */
export function encoderOf(from: EvaluationJob["from"], folder: string): ModelRequest {
  return "key" in from
    ? { from: join(folder, from.folder), memoryCheck: from.config.run.memoryCheck }
    : { from: "scratch", preset: from.scratch, modelSeed: from.seed };
}

function located(evaluation: Evaluation, folder: string): Evaluation {
  if (evaluation.task === "segmentation") return { ...evaluation, scenes: resolve(folder, evaluation.scenes) };
  const absolute = (source: string | string[]) =>
    typeof source === "string" ? resolve(folder, source) : source.map((path) => resolve(folder, path));
  if (isHeldOut(evaluation)) return { ...evaluation, test: absolute(evaluation.test) };
  return { ...evaluation, train: absolute(evaluation.train), test: absolute(evaluation.test) };
}

function namesOf(source: string | readonly string[]): string[] {
  return [source].flat().map(lastNames);
}

/** The sets of images that a job reads. */
export function sourcesOf(job: Job): SourcePaths[] {
  if (job.kind === "pretrain") return [job.config.source, job.config.evaluation.source];
  const { evaluation } = job;
  if (evaluation.task === "segmentation") return [join(evaluation.scenes, "images")];
  return isHeldOut(evaluation) ? [evaluation.test] : [evaluation.train, evaluation.test];
}

/** Ten digits that identify contents. */
function keyOf(content: unknown): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 10);
}
