// What the configurations of fine-tuning and of dense tasks have in common: sections, and how choices become complete.

import { z } from "zod";
import { deriveMicroBatch, scheduleMisfits } from "../config/checks.js";
import { ConfigError } from "../config/errors.js";
import { type ConfigLayer, mergeLayers } from "../config/layers.js";
import { runLimits } from "../config/limits.js";
import { describeIssues } from "../config/problems.js";
import { optimizerSchema, runSchema, scheduleSchema } from "../config/schema.js";
import type { SupervisedConfig } from "../training/supervised-run.js";

export const share = (text: string) => z.number().min(0).max(1).describe(text);

/** What a person can set in every such configuration. */
export const supervisedSections = {
  schedule: scheduleSchema,
  optimizer: optimizerSchema.extend({
    layerDecay: z
      .number()
      .gt(0)
      .max(1)
      .describe("each layer's learning rate as a share of that of the layer above it; 1 for the same everywhere"),
  }),
  data: z.strictObject({
    workers: z
      .int()
      .min(0)
      .max(runLimits.workers)
      .describe("threads that decode images; 0 chooses by the number of cores"),
    memoryBudgetMiB: z
      .int()
      .min(0)
      .max(runLimits.memoryBudgetMiB)
      .describe("a set that fits into this much memory is kept decoded"),
    maxUnreadableShare: share("the run ends when a larger share of the files cannot be read"),
  }),
};

/** The section of runs that draw no pictures. */
export const runWithoutPictures = runSchema.omit({ picturesEvery: true });

export const dropPathSchema = z
  .number()
  .min(0)
  .lt(1)
  .describe("how often the last block is left out; earlier ones less often");

/** Patch tokens that are computed at once: enough for the engine's full speed, few enough for the cache. */
const TOKENS_AT_ONCE = 4096;

/** What choices are completed and checked with. */
export interface ChoiceSetting<Schema extends z.ZodObject> {
  readonly schema: Schema;
  /** The values of a recipe. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** How many images there are to learn from: no batch is larger. */
  readonly images: number;
  /** Fills in what follows from other values. */
  readonly settle?: (values: Record<string, unknown>) => void;
  /** Patches of an image, which decide the micro-batch. */
  readonly patchesOf: (values: Record<string, unknown>) => number;
  /** One sentence for each pair of values that does not fit. */
  readonly misfits: (choices: z.output<Schema>) => readonly string[];
}

/**
 * Merges the layers, first the weakest, over the recipe's values. Throws ConfigError with one sentence for each problem.
 */
export function resolveChoices<Schema extends z.ZodObject<typeof supervisedSections & z.ZodRawShape>>(
  layers: readonly ConfigLayer[],
  { schema, defaults, images, settle, patchesOf, misfits }: ChoiceSetting<Schema>,
): z.output<Schema> {
  const { values, origins } = mergeLayers([{ origin: "defaults", values: defaults }, ...layers]);
  settle?.(values);
  const schedule = values.schedule as Record<string, unknown>;
  if (origins.get("schedule.batchSize") === "defaults") {
    schedule.batchSize = Math.min(schedule.batchSize as number, images);
  }
  if (schedule.microBatch === null && Number.isSafeInteger(schedule.batchSize)) {
    const atOnce = Math.max(1, Math.round(TOKENS_AT_ONCE / patchesOf(values)));
    schedule.microBatch = deriveMicroBatch(Math.max(1, schedule.batchSize as number), 1, atOnce);
  }
  const parsed = schema.safeParse(values);
  if (!parsed.success) throw new ConfigError(describeIssues(parsed.error.issues, { schema, values, origins }));
  const problems = [
    ...misfits(parsed.data),
    ...batchProblems(parsed.data as Pick<SupervisedConfig, "schedule">, images),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  return parsed.data;
}

function batchProblems({ schedule }: Pick<SupervisedConfig, "schedule">, images: number): string[] {
  const { batchSize, microBatch } = schedule;
  const problems = scheduleMisfits(schedule);
  if (batchSize > images) {
    problems.push(
      `schedule.batchSize: expected at most the ${images} labelled images; found ${batchSize}. Lower it, or leave it out`,
    );
  }
  if (batchSize % microBatch !== 0) {
    problems.push(
      `schedule.microBatch: expected a divisor of schedule.batchSize = ${batchSize}; found ${microBatch}. ` +
        `Take ${deriveMicroBatch(batchSize, 1, microBatch)}, or leave it out`,
    );
  }
  return problems;
}

/** Validates a configuration that was resolved before. Throws ConfigError. */
export function parseResolved<Schema extends z.ZodObject>(
  schema: Schema,
  values: unknown,
  origin: string,
): z.output<Schema> {
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  const { values: given, origins } = mergeLayers([{ origin, values }]);
  throw new ConfigError(describeIssues(parsed.error.issues, { schema, values: given, origins }));
}
