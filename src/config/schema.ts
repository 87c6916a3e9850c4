// The schema of the resolved pre-training configuration: every key, its type and what it means.

import { z } from "zod";
import { imageSidesSchema } from "../data/image-sides-schema.js";
import { engineDefinitions } from "../engine/index.js";
import { type MethodName, type MethodOptions, methodNames, methodOf } from "../methods/registry.js";
import { modelLimits } from "../nn/model-limits.js";
import { type ModelShape, modelPresetNames } from "../nn/presets.js";
import { parseInterval } from "../terminal/interval.js";
import { runLimits } from "./limits.js";

const count = (most: number, text: string) => z.int().min(1).max(most).describe(text);
const countOrNone = (most: number, text: string) => z.int().min(0).max(most).describe(text);
const side = z.int().min(1).max(modelLimits.imageSize);
const channel = z.int().min(0).max(255);
const perChannel = (value: z.ZodNumber, text: string) =>
  z.array(value).min(1).max(modelLimits.channels).describe(`${text} of each channel, of pixels from 0 to 1`);
const jitter = (text: string) => z.number().min(0).max(10).default(0).describe(text);
const intervalForm = 'a number of steps, or a time such as "30s", "10m" or "2h"; 0 for never';
export const interval = (text: string) =>
  z
    .union([z.number(), z.string()])
    .refine((value) => parseInterval(value) !== undefined)
    .meta({ description: text, expected: intervalForm });

const model = z.strictObject({
  preset: z.enum(modelPresetNames).describe("named size that gives every other value of model its default"),
  imageSize: imageSidesSchema(side).meta({
    description: "size of the crops in pixels: the side of squares, or [height, width]",
    expected: `a whole number from 1 to ${modelLimits.imageSize}, or a list of two: height and width`,
  }),
  patchSize: count(modelLimits.patchSize, "height and width of a patch, in pixels"),
  // Left out at 3, as it is in what was written before there were others.
  channels: z
    .int()
    .min(1)
    .max(modelLimits.channels)
    .optional()
    .describe(
      "channels of the images: 3 for colour, 1 for grey, 4 with transparency as it is; others from .npy arrays",
    ),
  width: count(modelLimits.width, "channels of the encoder's tokens"),
  depth: count(modelLimits.depth, "blocks of the encoder"),
  heads: count(modelLimits.heads, "attention heads of each encoder block"),
  mlpRatio: z
    .number()
    .positive()
    .max(modelLimits.mlpRatio)
    .describe("hidden width of the MLPs, as a multiple of the width"),
  decoderWidth: count(modelLimits.width, "channels of the decoder's tokens; methods with a teacher have no decoder"),
  decoderDepth: count(modelLimits.depth, "blocks of the decoder"),
  decoderHeads: count(modelLimits.heads, "attention heads of each decoder block"),
});

/** The range of random crops. */
export const scaleSchema = z
  .tuple([z.number().gt(0).max(1), z.number().gt(0).max(1)])
  .refine(([low, high]) => low <= high)
  .meta({
    description: "smallest and largest share of the image's area that a random crop covers",
    expected: "a list of 2 numbers above 0 and at most 1, the smaller first",
  });

const data = z.strictObject({
  scale: scaleSchema,
  flip: z.boolean().describe("mirror half of the crops"),
  colorJitter: z
    .strictObject({
      brightness: jitter("largest relative change of the brightness"),
      contrast: jitter("largest relative change of the contrast"),
      saturation: jitter("largest relative change of the saturation"),
      hue: z.number().min(0).max(0.5).default(0).describe("largest rotation of the hue, in turns"),
      probability: z.number().min(0).max(1).default(1).describe("how often an image is changed at all"),
    })
    .nullable()
    .describe("random colour changes, or null for none (MAE learns worse with them, methods with a teacher need them)"),
  background: z.tuple([channel, channel, channel]).describe("red, green and blue behind transparent pixels, 0 to 255"),
  mean: perChannel(z.number().min(-1000).max(1000), "mean"),
  std: perChannel(z.number().positive().max(1000), "deviation"),
  // A run that has measured them has numbers in the place of this.
  normalization: z.literal("measured").optional().meta({
    description:
      '"measured" takes mean and deviation from the images, before the first step; excludes data.mean and data.std',
    expected: '"measured"',
  }),
  workers: countOrNone(runLimits.workers, "threads that decode images; 0 chooses by the number of cores"),
  memoryBudgetMiB: countOrNone(
    runLimits.memoryBudgetMiB,
    "a set that fits into this much memory is kept decoded; a larger one is streamed",
  ),
  maxUnreadableShare: z.number().min(0).max(1).describe("the run ends when a larger share of the files cannot be read"),
  split: z.enum(["train", "test"]).describe("which images of an IDX set that has both"),
});

const rate = z.number().positive().max(runLimits.learningRate);
export const scheduleSchema = z.strictObject({
  epochs: z
    .number()
    .positive()
    .max(runLimits.epochs)
    .nullable()
    .describe("length of the run in passes over the images; excludes steps"),
  steps: z
    .int()
    .min(1)
    .max(runLimits.steps)
    .nullable()
    .describe("length of the run in optimizer steps; excludes epochs"),
  batchSize: count(runLimits.batchSize, "clean images a step"),
  microBatch: count(runLimits.batchSize, "clean images computed at once; gradients add up over a batch"),
  baseLearningRate: rate
    .nullable()
    .describe("learning rate for a batch of 256, scaled by batchSize / 256; excludes learningRate"),
  learningRate: rate.nullable().describe("learning rate as it is; excludes baseLearningRate"),
  minLearningRate: z
    .number()
    .min(0)
    .max(runLimits.learningRate)
    .describe("learning rate at the end of the half-cosine"),
  warmupEpochs: z
    .number()
    .min(0)
    .max(runLimits.epochs)
    .nullable()
    .describe("length of the linear warm-up in epochs; excludes warmupShare"),
  warmupShare: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .describe("length of the linear warm-up as a share of the run; excludes warmupEpochs"),
});

const beta = z.number().min(0).lt(1);
export const optimizerSchema = z.strictObject({
  betas: z.tuple([beta, beta]).describe("decay of AdamW's first and second moment"),
  epsilon: z.number().positive().max(1).describe("added to the root of AdamW's second moment"),
  weightDecay: z
    .number()
    .min(0)
    .max(runLimits.weightDecay)
    .describe("decoupled weight decay of tensors of two or more dimensions"),
  clipNorm: z.number().positive().nullable().describe("largest global norm of the gradient, or null for no clipping"),
});

const devices = () => engineDefinitions().map(({ device }) => device);

export const runSchema = z.strictObject({
  // Whatever has an engine by the time a configuration is read.
  device: z
    .string()
    .refine((device) => devices().includes(device))
    .meta({
      description: "where the step programs run",
      get expected() {
        return `one of ${devices().join(", ")}`;
      },
    }),
  threads: z.int().min(0).max(runLimits.threads).meta({
    description: "threads of the engine; 0 means one a physical core",
    expected: "a whole number from 0 (one a physical core) to four times the threads that the machine runs at once",
  }),
  memoryCheck: z
    .boolean()
    .default(true)
    .describe("do not start if more memory is planned than is free; false skips this check"),
  gradientFormat: z
    .enum(["float32", "bfloat16"])
    .default("float32")
    .describe("how several processes send their gradients; bfloat16 takes half the bytes and rounds to 8 bits"),
  recompute: z
    .boolean()
    .default(false)
    .describe("compute the values within transformer blocks twice: much less memory, up to 1.4 times the time"),
  checkpointEvery: interval("how often a checkpoint is written; one more is written at the end"),
  keep: count(runLimits.steps, "how many of the newest checkpoints are kept"),
  milestoneEvery: countOrNone(
    runLimits.steps,
    "checkpoints at multiples of this many steps are written and never deleted; 0 for none",
  ),
  picturesEvery: countOrNone(
    runLimits.steps,
    "steps between picture sheets; 0 draws only the last one; methods with a teacher draw none",
  ),
  logEvery: interval("how often a plain progress line is printed where the output is not a terminal"),
  tensorboard: z
    .boolean()
    .default(false)
    .describe("also write the metrics of each step as TensorBoard reads them, into the run's folder tensorboard"),
});

const paths = (description: string) =>
  z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).meta({
    description,
    expected: "a path, or a list of paths",
  });

/** As a person gives them, and as config.json keeps them: with what tells them apart from others. */
const weights = z
  .union([z.string().min(1), z.strictObject({ path: z.string().min(1), fingerprint: z.string() })])
  .nullable()
  .default(null)
  .meta({
    description: "weights that a new run starts from, in place of initial values: a run, or a checkpoint file",
    expected: "a path, or null",
  });

const evaluationSchema = z.strictObject({
  source: paths("").nullable().meta({
    description: "labelled images that kNN is tried on during pre-training, or null for none",
    expected: "a path, a list of paths, or null",
  }),
  every: count(
    runLimits.steps,
    "steps between evaluations; one more comes after the first step and one after the last",
  ),
  images: count(runLimits.images, "labelled images that vote, at most"),
  queries: count(runLimits.images, "labelled images that are voted on, at most"),
});

/** Nothing is evaluated; also what runs have that were started before there was such a section. */
export const noEvaluation: z.infer<typeof evaluationSchema> = { source: null, every: 500, images: 2000, queries: 1000 };

/** The strict schema of a resolved configuration for one method. */
export function configSchema(method: MethodName) {
  return z.strictObject({
    method: z.enum(methodNames).describe("pretext task"),
    seed: z.int().min(0).describe("every random draw follows from it"),
    source: paths("the images: folders of them, image files, .tar shards, or a folder of IDX files"),
    weights,
    model,
    methodOptions: methodOf({ method }).options,
    data,
    schedule: scheduleSchema,
    optimizer: optimizerSchema,
    run: runSchema,
    evaluation: evaluationSchema.default(noEvaluation),
  });
}

/** What the configuration of every method has; `mixedae pretrain --help` describes each key. */
export interface CommonConfig {
  readonly seed: number;
  readonly source: string | readonly string[];
  readonly weights: Readonly<Exclude<z.infer<typeof weights>, string>> | string;
  /** `positions` are no part of a configuration: a run that started from weights has theirs. */
  readonly model: Readonly<z.infer<typeof model>> & Pick<ModelShape, "positions">;
  readonly data: Readonly<z.infer<typeof data>>;
  readonly schedule: Readonly<z.infer<typeof scheduleSchema>>;
  readonly optimizer: Readonly<z.infer<typeof optimizerSchema>>;
  readonly run: Readonly<z.infer<typeof runSchema>>;
  readonly evaluation: Readonly<Omit<z.infer<typeof evaluationSchema>, "source">> & {
    readonly source: string | readonly string[] | null;
  };
}

/** A resolved configuration: every key has its value, and the values fit together. */
export type PretrainConfig = {
  readonly [M in MethodName]: CommonConfig & { readonly method: M; readonly methodOptions: Readonly<MethodOptions<M>> };
}[MethodName];
