// The configuration of a segmentation: its schema, and how the values that were given become a complete one.

import { z } from "zod";
import { batchMisfits } from "../../config/checks.js";
import { type ConfigKey, schemaKeys } from "../../config/keys.js";
import { type ConfigLayer, isMapping } from "../../config/layers.js";
import { runSchema } from "../../config/schema.js";
import { unsuitedChanges } from "../../data/channels.js";
import { shorterSide } from "../../data/image-size.js";
import { type SegmenterShape, segmentationHeads } from "../../heads/segmenter.js";
import { channelNormKinds } from "../../nn/channel-norms.js";
import { modelLimits } from "../../nn/model-limits.js";
import { channelsOf, type EncoderShape } from "../../nn/presets.js";
import { fitsChannels, modelDescriptionSchema, oneOfEachChannel } from "../../training/model-description.js";
import { blockMisfits, colorJitterSection, encoderSection, scaleRange } from "../dense-config.js";
import { dropPathSchema, parseResolved, resolveChoices, share, supervisedSections } from "../supervised-config.js";
import { headChannels, type SegmentRecipeName, segmentDefaults } from "./recipes.js";

const channel = z.int().min(0).max(255);
const channels = (text: string) => z.int().min(1).max(4096).describe(text);

/** What a person can set. */
const choices = {
  seed: z.int().min(0).describe("decides the order, the crops, what is dropped, and the head's first weights"),
  head: z.strictObject({
    kind: z
      .enum(segmentationHeads)
      .describe("upernet: pyramid pooling and a feature pyramid; linear: one linear map from each patch to classes"),
    channels: channels(
      "channels of UPerNet; by default by the encoder's width: 64 for 96, 128 for 192, 512 from 768 on",
    ),
    auxiliaryChannels: channels("channels of its auxiliary head; by default half of those"),
    norm: z
      .enum(channelNormKinds)
      .describe("batch: by the statistics of a micro-batch, as in the literature; group: of each image alone"),
    dropout: z.number().min(0).lt(1).describe("share of the channels that are dropped before the classes"),
    auxiliaryWeight: z.number().min(0).max(10).describe("weight of the auxiliary head's loss; 0 for no such head"),
  }),
  encoder: encoderSection,
  augmentation: z.strictObject({
    cropSize: z
      .int()
      .min(1)
      .max(modelLimits.imageSize)
      .describe(
        "side of the crops to learn from and of the windows to apply it to; by default the shorter side that it was pre-trained with",
      ),
    scale: scaleRange("range of the shorter side of a resized image, as a multiple of the crop"),
    flip: z.boolean().describe("mirror half of the crops"),
    maxClassShare: share("a crop with a larger share of one class is drawn again, up to ten times"),
    colorJitter: colorJitterSection,
  }),
  regularization: z.strictObject({ dropPath: dropPathSchema }),
  ...supervisedSections,
  run: runSchema,
};

/** What else decides the result, recorded so that the folder of a run says all of it. */
const facts = {
  task: z.literal("segment"),
  /** The encoder that it began with: in words, and what tells it apart. */
  from: z.strictObject({ origin: z.string(), fingerprint: z.string() }),
  /** The folder of the set. */
  images: z.string().min(1),
  /** In the order of the scores; at most 255 can be told apart in masks. */
  classes: z.array(z.string()).min(1).max(255),
  /** Those that its masks are stored with, for pictures; left out where there are none. */
  colors: z.array(z.tuple([channel, channel, channel])).optional(),
  model: modelDescriptionSchema.omit({ decoder: true }).refine(fitsChannels, oneOfEachChannel),
};

const choiceSchema = z.strictObject(choices);
const schema = z
  .strictObject({ ...facts, ...choices })
  .refine(({ classes, colors }) => colors === undefined || colors.length === classes.length, {
    path: ["colors"],
    error: "expected one for each class",
  });

/** What can be chosen of a segmentation, each with a value from its recipe. */
export type SegmentChoices = z.infer<typeof choiceSchema>;
/** The whole configuration of a segmentation, as its config.json holds it. */
export type SegmentConfig = z.infer<typeof schema>;

/** What is needed to fill in the values that nobody set. */
export interface SegmentSetting {
  readonly recipe: SegmentRecipeName;
  readonly encoder: EncoderShape;
  readonly fromScratch: boolean;
  /** How many images there are to learn from: no batch is larger. */
  readonly images: number;
}

/**
 * Merges the layers, first the weakest, over the recipe's values. Throws ConfigError with one sentence for each problem.
 */
export function resolveSegment(layers: readonly ConfigLayer[], setting: SegmentSetting): SegmentChoices {
  const { recipe, encoder, fromScratch, images } = setting;
  return resolveChoices(layers, {
    schema: choiceSchema,
    defaults: segmentDefaults(recipe, fromScratch, channelsOf(encoder)),
    images,
    settle({ head, augmentation }) {
      const own = headChannels(encoder.width);
      if (isMapping(head)) {
        head.channels ??= own.channels;
        head.auxiliaryChannels ??= own.auxiliaryChannels;
      }
      if (isMapping(augmentation)) augmentation.cropSize ??= shorterSide(encoder.imageSize);
    },
    patchesOf({ augmentation }) {
      const cropSize = isMapping(augmentation) ? Number(augmentation.cropSize) : Number.NaN;
      return cropSize >= 1 ? Math.ceil(cropSize / encoder.patchSize) ** 2 : 1;
    },
    misfits: ({ schedule, augmentation: { cropSize, colorJitter }, encoder: attention }) => [
      ...unsuitedChanges({ colorJitter }, channelsOf(encoder)).map((each) => `augmentation.${each}`),
      ...batchMisfits(schedule.batchSize, { ...encoder, imageSize: cropSize }),
      ...blockMisfits(attention, encoder.depth),
    ],
  });
}

/** Validates a configuration that was resolved before. Throws ConfigError. */
export function parseSegmentConfig(values: unknown, origin: string): SegmentConfig {
  return parseResolved(schema, values, origin);
}

/** The model that a configuration describes. */
export function segmenterShapeOf(
  config: Pick<SegmentConfig, "model" | "classes" | "head" | "encoder" | "augmentation">,
): SegmenterShape {
  const { kind, channels, auxiliaryChannels, norm } = config.head;
  return {
    encoder: config.model.shape,
    classes: config.classes.length,
    imageSize: config.augmentation.cropSize,
    head: kind,
    ...{ channels, auxiliaryChannels, norm },
    ...config.encoder,
  };
}

/** Every key that can be set, with the values of a recipe, for help texts. */
export function segmentKeys(recipe: SegmentRecipeName): ConfigKey[] {
  const derived = {
    "schedule.microBatch": "derived",
    "head.channels": "by the encoder",
    "head.auxiliaryChannels": "by the encoder",
    "augmentation.cropSize": "by the encoder",
  };
  return schemaKeys(choiceSchema, segmentDefaults(recipe, false), derived);
}
