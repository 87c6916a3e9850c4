// The options that methods with a teacher share, with the defaults that iBOT took over from DINO and those for small models.
import { z } from "zod";
import { modelLimits } from "../../nn/model-limits.js";

const size = (most: number, text: string) => z.int().min(1).max(most).describe(text);
const temperature = (text: string) => z.number().positive().max(1000).describe(text);
const epochs = (text: string) => z.number().min(0).max(1_000_000).describe(text);

export const shareOption = (text: string) => z.number().min(0).max(1).describe(text);

export const rangeOption = (text: string, highest: (low: z.ZodNumber) => z.ZodNumber, expected: string) =>
  z
    .tuple([highest(z.number().gt(0)), highest(z.number().gt(0))])
    .refine(([low, high]) => low <= high)
    .meta({ description: text, expected });

export const cropOptions = {
  localCrops: z.int().min(0).max(64).describe("small crops of each image beside the two global ones"),
  localSize: size(
    modelLimits.imageSize,
    "shorter side of the local crops, in pixels; their proportions are those of the global ones",
  ),
  localScale: rangeOption(
    "smallest and largest share of the image's area that a local crop covers; data.scale is that of the global ones",
    (bound) => bound.max(1),
    "a list of 2 numbers above 0 and at most 1, the smaller first",
  ),
  grayscale: shareOption("how often a crop loses its colours"),
  blur: z
    .tuple([z.number().min(0).max(1), z.number().min(0).max(1), z.number().min(0).max(1)])
    .describe("how often the first global crop, the second, and a local one are blurred"),
  solarize: shareOption("how often the second global crop is solarised"),
};

export const headOptions = {
  prototypes: size(1_048_576, "outputs of the head"),
  headHidden: size(65_536, "hidden width of the head's MLP"),
  headBottleneck: size(modelLimits.width, "width of the vectors that the prototypes are compared with"),
};

export const teacherOptions = {
  studentTemperature: temperature("divides the student's outputs"),
  teacherTemperatureStart: temperature("divides the teacher's outputs at the start of the run"),
  teacherTemperature: temperature("divides the teacher's outputs after its warm-up"),
  teacherTemperatureWarmupEpochs: epochs("length of the teacher's linear warm-up"),
  centreMomentum: shareOption("how much of the old centres each step keeps"),
  teacherMomentum: shareOption("how much of the old teacher a step keeps at the start; it rises to 1 by a cosine"),
  weightDecayEnd: z.number().min(0).max(100).describe("weight decay at the end of the run, reached by a cosine"),
  parameterClipNorm: z.number().positive().describe("largest norm of the gradient of any one parameter"),
  lastLayerFrozenEpochs: epochs("length of the start during which the prototypes stay as they are"),
  dropPath: z.number().min(0).lt(1).describe("share of the student's last block's branches that are left out"),
};

export const distillationOptions = z.strictObject({ ...cropOptions, ...headOptions, ...teacherOptions });

export type DistillationOptions = z.infer<typeof distillationOptions>;

/** What DINO and iBOT have in common. */
export const sharedDefaults = {
  localSize: 96,
  grayscale: 0.2,
  blur: [1, 0.1, 0.5],
  solarize: 0.2,
  headHidden: 2048,
  headBottleneck: 256,
  studentTemperature: 0.1,
  teacherTemperatureStart: 0.04,
  teacherTemperature: 0.07,
  teacherTemperatureWarmupEpochs: 30,
  centreMomentum: 0.9,
  teacherMomentum: 0.996,
  weightDecayEnd: 0.4,
  parameterClipNorm: 3,
  lastLayerFrozenEpochs: 1,
  dropPath: 0.1,
} as const satisfies Partial<DistillationOptions>;

/** For small images and a model of a few million parameters (our choice). */
export const microChanges = {
  localCrops: 4,
  localSize: 16,
  prototypes: 1024,
  headHidden: 512,
  headBottleneck: 128,
  // Of the few epochs that such a run has, in place of several hundred.
  teacherTemperatureWarmupEpochs: 2,
  lastLayerFrozenEpochs: 0.2,
  // A teacher that is an average over 250 steps hardly moves in a run of some thousand.
  teacherMomentum: 0.99,
} as const satisfies Partial<DistillationOptions>;

/** For the smallest model, whose head would cost as much as its encoder (our choice); over the above. */
export const nanoChanges = {
  prototypes: 512,
  headHidden: 256,
  headBottleneck: 64,
} as const satisfies Partial<DistillationOptions>;
