// The evaluations of a recipe, made of the registry: which keys each takes, and what a job asks of it.

import { z } from "zod";
import { show } from "../config/layers.js";
import { nearestName } from "../config/nearest-name.js";
import type { Evaluation } from "../evaluations/evaluation.js";
import { evaluationOfTask } from "../evaluations/evaluation-of.js";
import { metaOf, type TestImages, testSetProblem } from "../evaluations/options.js";
import { evaluations } from "../evaluations/registry.js";

/** An evaluation as a recipe names it; beside these, options of the evaluation. */
export interface RecipeEvaluation {
  readonly task: string;
  readonly name: string;
  /** Shares of the labels that it is done with; undefined where no share can be taken. */
  readonly labelFractions?: readonly number[];
  readonly [option: string]: unknown;
}

const labelFractions = z
  .array(z.number().gt(0).max(1))
  .min(1)
  .max(100)
  .refine((fractions) => new Set(fractions).size === fractions.length, "each may come once")
  .default([1]);

/** `name` is the schema of the names of evaluations. */
export function recipeEvaluationSchema(name: z.ZodType<string>): z.ZodType<RecipeEvaluation> {
  const [first, ...others] = evaluations.map((evaluation) => entrySchema(evaluation, name));
  return z.discriminatedUnion("task", [first!, ...others], {
    error: (issue) => (issue.code === "invalid_union" ? unknownTask(issue.input) : undefined),
  }) as unknown as z.ZodType<RecipeEvaluation>;
}

/** What is wrong where no evaluation has the task. */
function unknownTask(input: unknown): string {
  const tasks = evaluations.map(({ task }) => task);
  const found = typeof input === "object" && input !== null && "task" in input ? input.task : undefined;
  const near = typeof found === "string" ? nearestName(found, tasks) : undefined;
  const meant = near === undefined ? "" : `. Did you mean ${near}?`;
  return `expected one of ${tasks.join(", ")}; found ${show(found)}${meant}`;
}

/** Its options, but for the seed, which is the study's, and with several shares of the labels. */
function entrySchema({ task, options, recorded }: Evaluation, name: z.ZodType<string>) {
  const keys = Object.entries(options.shape as Record<string, z.ZodType>).flatMap(
    ([key, schema]): [string, z.ZodType][] => {
      if (key === "seed") return [];
      if (key === "labelsFraction") return [["labelFractions", labelFractions]];
      if (key in recorded) return [[key, withoutDefault(schema).default(recorded[key])]];
      return [[key, schema instanceof z.ZodDefault ? withoutDefault(schema).optional() : schema]];
    },
  );
  const entry = z.strictObject({ task: z.literal(task), name, ...Object.fromEntries(keys) });
  if (!("holdout" in entry.shape)) return entry;
  return entry.superRefine((given, { addIssue }) => {
    const problem = testSetProblem(given as TestImages);
    if (problem === undefined) return;
    addIssue({ code: "custom", message: `expected ${problem.expected}; found ${problem.found}` });
  });
}

function withoutDefault(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodDefault || schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType) : schema;
}

export function definitionOf({ task }: Pick<RecipeEvaluation, "task">): Evaluation {
  return evaluationOfTask(task);
}

/** What one job asks for: the options of the recipe, and where it leaves some out, the defaults of the evaluation. */
export function optionsOf(
  evaluation: RecipeEvaluation,
  { seed, labelsFraction }: { readonly seed: number; readonly labelsFraction: number },
): Record<string, unknown> {
  const { task, name: _, labelFractions, ...options } = evaluation;
  return evaluationOfTask(task).options.parse({ ...options, seed, ...(labelFractions && { labelsFraction }) });
}

/** A set of images that an evaluation reads. */
export interface RecipeSource {
  readonly key: string;
  readonly paths: string | readonly string[];
  /** Where the images are within, or "". */
  readonly imagesWithin: string;
}

export function recipeSources(evaluation: RecipeEvaluation): RecipeSource[] {
  const { shape } = definitionOf(evaluation).options;
  return Object.entries(shape as Record<string, z.ZodType>).flatMap(([key, schema]) => {
    const { imagesWithin } = metaOf(schema);
    const paths = evaluation[key] as string | readonly string[] | undefined;
    return imagesWithin === undefined || paths === undefined ? [] : [{ key, paths, imagesWithin }];
  });
}
