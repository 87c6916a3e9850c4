// The jobs of a study: pre-trainings first, then evaluations, each with a folder named after its content.

import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { type ConfigLayer, type PretrainConfig, resolveConfig } from "../config/config.js";
import { type ModelRequest, scratchShape } from "../evaluations/model.js";
import { methodOf } from "../methods/registry.js";
import type { SourcePaths } from "../training/outputs.js";
import { fileName, lastNames, percentOf } from "./names.js";
import { layersWithEqualCompute } from "./pretrain-cost.js";
import type { Study, Variant } from "./recipe.js";
import { definitionOf, optionsOf, type RecipeEvaluation, recipeSources } from "./recipe-evaluations.js";

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
  readonly evaluation: RecipeEvaluation;
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
        checkTrained(evaluation, from);
        const { suits } = definitionOf(evaluation);
        if (suits?.("key" in from ? from.config : undefined) === false) continue;
        for (const fraction of fractionsOf(evaluation)) {
          add(evaluationJob(variant.name, seed, from, located(evaluation, folder), fraction));
        }
      }
    }
  }
  return [...jobs.values()];
}

/** A misspelt key is found before anything runs. */
function checkTrained(evaluation: RecipeEvaluation, from: EvaluationJob["from"]): void {
  const definition = definitionOf(evaluation);
  if (!definition.trains) return;
  definition.check(optionsOf(evaluation, { seed: 0, labelsFraction: 1 }), {
    shape: "key" in from ? from.config.model : scratchShape(scratchOf(from.scratch)),
    fromScratch: !("key" in from),
    origin: originOf(evaluation),
  });
}

/** Where the options of an evaluation are from, for messages. */
export function originOf({ name }: RecipeEvaluation): string {
  return `the study's ${name}`;
}

function pretrainJob(variant: string, seed: number, layers: readonly ConfigLayer[], folder: string) {
  const config = resolveConfig([...layers, { origin: "the study's seeds", values: { seed } }], folder);
  // What decides what is learnt; where the images lie and how the machine is used do not.
  const { method, model, methodOptions, data, schedule, optimizer, source, weights } = config;
  const { workers: _, memoryBudgetMiB: __, ...views } = data;
  const options = withoutLaterOptions(method, methodOptions);
  const content = { method, seed, model, methodOptions: options, views, schedule, optimizer, source: namesOf(source) };
  const key = keyOf({ ...content, ...(weights !== null && { weights: weightsContent(weights) }) });
  return {
    kind: "pretrain",
    key,
    variant,
    seed,
    config,
    folder: `pretrain/${fileName(variant)}-${seed}-${key}`,
  } as const;
}

/** What was done by an earlier version keeps its name. */
function withoutLaterOptions(method: PretrainConfig["method"], options: PretrainConfig["methodOptions"]): object {
  const later = Object.entries(methodOf({ method }).laterOptions ?? {});
  const isOfThen = (key: string, value: unknown) => later.some(([name, former]) => name === key && former === value);
  return Object.fromEntries(Object.entries(options).filter(([key, value]) => !isOfThen(key, value)));
}

function weightsContent(weights: NonNullable<PretrainConfig["weights"]>): object | string {
  return typeof weights === "string" ? lastNames(weights) : { fingerprint: weights.fingerprint };
}

function evaluationJob(
  variant: string,
  seed: number,
  from: EvaluationJob["from"],
  evaluation: RecipeEvaluation,
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
function contentOf(evaluation: RecipeEvaluation): object {
  const { name: _, labelFractions: __, ...content } = evaluation;
  const sources = recipeSources(evaluation);
  const choices = Object.entries(content).filter(([key]) => !sources.some((source) => source.key === key));
  return {
    choices: Object.fromEntries(choices),
    ...Object.fromEntries(sources.map(({ key, paths }) => [key, namesOf(paths)])),
  };
}

/** Shares of the labels that it is done with; all of them where no share can be taken. */
export function fractionsOf({ labelFractions }: RecipeEvaluation): readonly number[] {
  return labelFractions ?? [1];
}

function located(evaluation: RecipeEvaluation, folder: string): RecipeEvaluation {
  const sources = recipeSources(evaluation).map(({ key, paths }) => [
    key,
    eachPath(paths, (path) => resolve(folder, path)),
  ]);
  return { ...evaluation, ...Object.fromEntries(sources) };
}

/** The encoder that an evaluation of the study in `folder` looks at. */
export function encoderOf(from: EvaluationJob["from"], folder: string): ModelRequest {
  return "key" in from
    ? { from: join(folder, from.folder), memoryCheck: from.config.run.memoryCheck }
    : { from: "scratch", ...scratchOf(from.scratch), modelSeed: from.seed };
}

function scratchOf(scratch: NonNullable<Variant["scratch"]>): Pick<ModelRequest, "preset" | "imageSize" | "patchSize"> {
  return typeof scratch === "string" ? { preset: scratch } : scratch;
}

function eachPath(paths: string | readonly string[], change: (path: string) => string): string | readonly string[] {
  return typeof paths === "string" ? change(paths) : paths.map(change);
}

function namesOf(source: string | readonly string[]): string[] {
  return [source].flat().map(lastNames);
}

/** The sets of images that a job reads. */
export function sourcesOf(job: Job): SourcePaths[] {
  if (job.kind === "pretrain") return [job.config.source, job.config.evaluation.source];
  return recipeSources(job.evaluation).map(({ paths, imagesWithin }) =>
    eachPath(paths, (path) => join(path, imagesWithin)),
  );
}

/** Ten digits that identify contents. */
function keyOf(content: unknown): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 10);
}
