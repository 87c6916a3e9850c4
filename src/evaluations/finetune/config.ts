// The configuration of a fine-tuning: its schema, its recipes, and how the values that were given become a complete one.

import { z } from "zod";
import { batchMisfits } from "../../config/checks.js";
import { type ConfigKey, schemaKeys } from "../../config/keys.js";
import type { ConfigLayer } from "../../config/layers.js";
import { scaleSchema } from "../../config/schema.js";
import { unsuitedChanges } from "../../data/channels.js";
import { poolings } from "../../heads/features.js";
import { channelsOf, type EncoderShape, patchCount } from "../../nn/presets.js";
import { classifierFacts } from "../../training/fine-tuned.js";
import {
  dropPathSchema,
  parseResolved,
  resolveChoices,
  runWithoutPictures,
  share,
  supervisedSections,
} from "../supervised-config.js";
import { type RecipeName, recipeDefaults } from "./recipes.js";

const strength = (most: number, text: string) => z.number().min(0).max(most).describe(text);

/** What a person can set. */
const choices = {
  seed: z
    .int()
    .min(0)
    .describe("decides the order, the views, what is mixed and dropped, and the head's first weights"),
  pooling: z.enum(poolings).describe("what the head sees: the mean of the patch tokens, normalised, or the CLS token"),
  augmentation: z.strictObject({
    scale: scaleSchema,
    flip: z.boolean().describe("mirror half of the crops"),
    randAugment: z
      .strictObject({
        operations: z.int().min(1).max(15).describe("operations an image"),
        magnitude: z.number().min(0).max(10).describe("strength of the operations"),
        magnitudeDeviation: strength(10, "deviation of the strength from image to image"),
      })
      .nullable()
      .describe("random changes of shape and colour, or null for none"),
    randomErasing: z
      .strictObject({ probability: share("how often a rectangle of an image is filled with noise") })
      .nullable()
      .describe("random rectangles of noise, or null for none"),
  }),
  regularization: z.strictObject({
    labelSmoothing: z.number().min(0).lt(1).describe("share of the target that is spread over all classes"),
    mixup: strength(1000, "shape of the beta distribution that images are blended by; 0 for none"),
    cutmix: strength(1000, "shape of the beta distribution that rectangles are swapped by; 0 for none"),
    dropPath: dropPathSchema,
  }),
  ...supervisedSections,
  run: runWithoutPictures,
};

const source = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

/** What else decides the result, recorded so that the folder of a run says all of it. */
const facts = {
  task: classifierFacts.task,
  /** The encoder that it began with: in words, and what tells it apart. */
  from: z.strictObject({ origin: z.string(), fingerprint: z.string() }),
  train: source,
  /** Either this or `holdout`. */
  test: source.optional(),
  holdout: z.number().gt(0).lt(1).optional(),
  labels: z.strictObject({ fraction: z.number().gt(0).max(1), seed: z.int().min(0) }),
  classes: classifierFacts.classes,
  model: classifierFacts.model,
};

const choiceSchema = z.strictObject(choices);
const schema = z.strictObject({ ...facts, ...choices });

/** What can be chosen of a fine-tuning, each with a value from its recipe. */
export type FinetuneChoices = z.infer<typeof choiceSchema>;
/** The whole configuration of a fine-tuning, as its config.json holds it. */
export type FinetuneConfig = z.infer<typeof schema>;

/** What is needed to fill in the values that nobody set. */
export interface FinetuneSetting {
  readonly recipe: RecipeName;
  readonly encoder: EncoderShape;
  readonly fromScratch: boolean;
  /** How many images there are to learn from: no batch is larger. */
  readonly images: number;
}

/**
 * Merges the layers, first the weakest, over the recipe's values. Throws ConfigError with one sentence for each problem.
 */
export function resolveFinetune(layers: readonly ConfigLayer[], setting: FinetuneSetting): FinetuneChoices {
  const { recipe, encoder, fromScratch, images } = setting;
  return resolveChoices(layers, {
    schema: choiceSchema,
    defaults: recipeDefaults(recipe, fromScratch, channelsOf(encoder)),
    images,
    patchesOf: () => patchCount(encoder),
    misfits: ({ schedule, augmentation: { randAugment, randomErasing } }) => [
      ...unsuitedChanges({ randAugment, randomErasing }, channelsOf(encoder)).map((change) => `augmentation.${change}`),
      ...batchMisfits(schedule.batchSize, encoder),
    ],
  });
}

/** Validates a configuration that was resolved before. Throws ConfigError. */
export function parseFinetuneConfig(values: unknown, origin: string): FinetuneConfig {
  return parseResolved(schema, values, origin);
}

/** Every key that can be set, with the values of a recipe, for help texts. */
export function finetuneKeys(recipe: RecipeName): ConfigKey[] {
  const derived = { "schedule.microBatch": "derived" };
  return schemaKeys(choiceSchema, recipeDefaults(recipe, false), derived);
}
