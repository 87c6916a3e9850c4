// The configuration of a detection: its schema, and how the values that were given become a complete one.

import { z } from "zod";
import { batchMisfits } from "../../config/checks.js";
import { type ConfigKey, schemaKeys } from "../../config/keys.js";
import { type ConfigLayer, isMapping } from "../../config/layers.js";
import { runSchema } from "../../config/schema.js";
import { unsuitedChanges } from "../../data/channels.js";
import { shorterSide } from "../../data/image-size.js";
import type { DetectorShape } from "../../heads/detection/detector.js";
import { pyramidKinds } from "../../heads/detection/feature-pyramid.js";
import { modelLimits } from "../../nn/model-limits.js";
import { channelsOf, type EncoderShape } from "../../nn/presets.js";
import type { RateDecay } from "../../optim/schedule.js";
import { fitsChannels, modelDescriptionSchema, oneOfEachChannel } from "../../training/model-description.js";
import { blockMisfits, colorJitterSection, encoderSection, scaleRange } from "../dense-config.js";
import { dropPathSchema, parseResolved, resolveChoices, share, supervisedSections } from "../supervised-config.js";
import { type DetectRecipeName, detectDefaults, detectorWidths } from "./recipes.js";

const width = (text: string) => z.int().min(1).max(4096).describe(text);
const convolutions = (text: string) => z.int().min(0).max(8).describe(text);
const count = (text: string, most = 10_000) => z.int().min(1).max(most).describe(text);

/** What a person can set. */
const choices = {
  seed: z.int().min(0).describe("decides the order, the views, what is sampled, and the heads' first weights"),
  rateDecay: z
    .enum(["linear", "steps"])
    .describe("linear: the learning rate falls in a straight line; steps: to a tenth after 89% and 96% of the run"),
  head: z.strictObject({
    pyramid: z
      .enum(pyramidKinds)
      .describe("simple: from the encoder's last map; fpn: from maps of four depths, added from the top down"),
    finest: z
      .union([z.literal(1), z.literal(2), z.literal(4)])
      .meta({ description: "how many times the patches of a side the finest level has", expected: "1, 2 or 4" }),
    channels: width(
      "channels of all heads; by default by the encoder's width: 64 for 96, 128 for 192, 256 from 384 on",
    ),
    anchorScale: z
      .number()
      .min(1)
      .max(64)
      .describe("size of the anchors of a level, in pixels, over the pixels between two of them"),
    proposalConvolutions: convolutions("convolutions before objects are proposed"),
    boxConvolutions: convolutions("convolutions before classes and boxes of a region"),
    boxWidth: width("width of the layer behind them; by default four times the channels"),
    masks: z.boolean().describe("whether masks are learnt too, or boxes alone"),
    maskConvolutions: convolutions("convolutions before the mask of a region"),
  }),
  sampling: z.strictObject({
    anchors: count("anchors of an image that a step learns from, at most half of them on objects"),
    regions: count("regions of an image that a step learns from, at most a quarter of them on objects"),
    perLevel: count("proposals of each level before those that show the same are left out"),
    proposals: count("proposals that regions are drawn from"),
    boxBeta: z
      .number()
      .min(0)
      .max(1)
      .describe("differences of boxes below this count by their squares; 0 for absolute differences alone"),
  }),
  testing: z.strictObject({
    perLevel: count("the same when the model is applied"),
    proposals: count("regions that are classified"),
    detections: count("objects of an image, at most", 1000),
    leastScore: share("objects with a lower score are left out"),
  }),
  encoder: encoderSection,
  augmentation: z.strictObject({
    imageSize: z
      .int()
      .min(1)
      .max(modelLimits.imageSize)
      .describe(
        "side of the squares that images are put into; by default the shorter side that the encoder was pre-trained with",
      ),
    scale: scaleRange("range of the longer side of a resized image, as a multiple of the square"),
    flip: z.boolean().describe("mirror half of the images"),
    colorJitter: colorJitterSection,
  }),
  regularization: z.strictObject({ dropPath: dropPathSchema }),
  ...supervisedSections,
  run: runSchema,
};

/** What else decides the result, recorded so that the folder of a run says all of it. */
const facts = {
  task: z.literal("detect"),
  /** The encoder that it began with: in words, and what tells it apart. */
  from: z.strictObject({ origin: z.string(), fingerprint: z.string() }),
  /** The folder of the set. */
  images: z.string().min(1),
  /** In the order of the scores, with the ids of the set's categories. */
  classes: z
    .array(z.strictObject({ id: z.int().min(0), name: z.string().min(1) }))
    .min(1)
    .max(10_000),
  model: modelDescriptionSchema.omit({ decoder: true }).refine(fitsChannels, oneOfEachChannel),
};

const choiceSchema = z.strictObject(choices);
const schema = z.strictObject({ ...facts, ...choices });

/** What can be chosen of a detection, each with a value from its recipe. */
export type DetectChoices = z.infer<typeof choiceSchema>;
/** The whole configuration of a detection, as its config.json holds it. */
export type DetectConfig = z.infer<typeof schema>;

/** What is needed to fill in the values that nobody set. */
export interface DetectSetting {
  readonly recipe: DetectRecipeName;
  readonly encoder: EncoderShape;
  readonly fromScratch: boolean;
  /** How many images there are to learn from: no batch is larger. */
  readonly images: number;
}

/** Merges the layers, first the weakest, over the recipe's values. Throws ConfigError with one sentence for each problem. */
export function resolveDetect(layers: readonly ConfigLayer[], setting: DetectSetting): DetectChoices {
  const { recipe, encoder, fromScratch, images } = setting;
  return resolveChoices(layers, {
    schema: choiceSchema,
    defaults: detectDefaults(recipe, fromScratch),
    images,
    settle({ head, augmentation }) {
      const own = detectorWidths(encoder.width);
      if (isMapping(head)) {
        head.boxWidth ??= typeof head.channels === "number" ? 4 * head.channels : own.boxWidth;
        head.channels ??= own.channels;
      }
      if (isMapping(augmentation)) augmentation.imageSize ??= shorterSide(encoder.imageSize);
    },
    patchesOf({ augmentation }) {
      const imageSize = isMapping(augmentation) ? Number(augmentation.imageSize) : Number.NaN;
      return imageSize >= 1 ? Math.ceil(imageSize / encoder.patchSize) ** 2 : 1;
    },
    misfits: ({ schedule, augmentation: { imageSize, colorJitter }, encoder: attention }) => [
      ...unsuitedChanges({ colorJitter }, channelsOf(encoder)).map((each) => `augmentation.${each}`),
      ...batchMisfits(schedule.batchSize, { ...encoder, imageSize }),
      ...blockMisfits(attention, encoder.depth),
    ],
  });
}

/** Validates a configuration that was resolved before. Throws ConfigError. */
export function parseDetectConfig(values: unknown, origin: string): DetectConfig {
  return parseResolved(schema, values, origin);
}

/** The model that a configuration describes. */
export function detectorShapeOf({
  model,
  classes,
  head,
  encoder,
  augmentation,
}: Pick<DetectConfig, "model" | "classes" | "head" | "encoder" | "augmentation">): DetectorShape {
  return { encoder: model.shape, classes: classes.length, imageSize: augmentation.imageSize, ...head, ...encoder };
}

/** How the learning rate falls. */
export function decayOf({ rateDecay }: Pick<DetectConfig, "rateDecay">): RateDecay {
  // ViTDet's: 163,889 and 177,546 of 184,375 steps.
  return rateDecay === "linear" ? { kind: "linear" } : { kind: "steps", at: [8 / 9, 26 / 27], factor: 0.1 };
}

/** Every key that can be set, with the values of a recipe, for help texts. */
export function detectKeys(recipe: DetectRecipeName): ConfigKey[] {
  const derived = {
    "schedule.microBatch": "derived",
    "head.channels": "by the encoder",
    "head.boxWidth": "by the encoder",
    "augmentation.imageSize": "by the encoder",
  };
  return schemaKeys(choiceSchema, detectDefaults(recipe, false), derived);
}
