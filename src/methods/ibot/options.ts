// The options of iBOT, with the defaults of the paper and those for small models.
import { z } from "zod";
import { modelLimits } from "../../nn/model-limits.js";

const size = (most: number, text: string) => z.int().min(1).max(most).describe(text);
const share = (text: string) => z.number().min(0).max(1).describe(text);
const range = (text: string, highest: (low: z.ZodNumber) => z.ZodNumber, expected: string) =>
  z
    .tuple([highest(z.number().gt(0)), highest(z.number().gt(0))])
    .refine(([low, high]) => low <= high)
    .meta({ description: text, expected });
const temperature = (text: string) => z.number().positive().max(1000).describe(text);
const epochs = (text: string) => z.number().min(0).max(1_000_000).describe(text);

/** The schema of the options of iBOT, with a description of each. */
export const ibotOptions = z.strictObject({
  localCrops: z.int().min(0).max(64).describe("small crops of each image beside the two global ones"),
  localSize: size(modelLimits.imageSize, "height and width of the local crops, in pixels"),
  localScale: range(
    "smallest and largest share of the image's area that a local crop covers; data.scale is that of the global ones",
    (bound) => bound.max(1),
    "a list of 2 numbers above 0 and at most 1, the smaller first",
  ),
  grayscale: share("how often a crop loses its colours"),
  blur: z
    .tuple([z.number().min(0).max(1), z.number().min(0).max(1), z.number().min(0).max(1)])
    .describe("how often the first global crop, the second, and a local one are blurred"),
  solarize: share("how often the second global crop is solarised"),
  prototypes: size(1_048_576, "outputs of the head"),
  headHidden: size(65_536, "hidden width of the head's MLP"),
  headBottleneck: size(modelLimits.width, "width of the vectors that the prototypes are compared with"),
  maskProbability: share("how often a global crop is masked at all"),
  maskShare: range(
    "smallest and largest share of the patches that are masked where a crop is",
    (bound) => bound.lt(1),
    "a list of 2 numbers between 0 and 1, the smaller first",
  ),
  maskShape: z.enum(["block", "random"]).describe("whether masked patches lie in rectangles or anywhere"),
  studentTemperature: temperature("divides the student's outputs"),
  teacherTemperatureStart: temperature("divides the teacher's outputs at the start of the run"),
  teacherTemperature: temperature("divides the teacher's outputs after its warm-up"),
  teacherTemperatureWarmupEpochs: epochs("length of the teacher's linear warm-up"),
  centreMomentum: share("how much of the old centres each step keeps"),
  teacherMomentum: share("how much of the old teacher a step keeps at the start; it rises to 1 by a cosine"),
  weightDecayEnd: z.number().min(0).max(100).describe("weight decay at the end of the run, reached by a cosine"),
  parameterClipNorm: z.number().positive().describe("largest norm of the gradient of any one parameter"),
  lastLayerFrozenEpochs: epochs("length of the start during which the prototypes stay as they are"),
  dropPath: z.number().min(0).lt(1).describe("share of the student's last block's branches that are left out"),
});

/** The options of iBOT. */
export type IbotOptions = z.infer<typeof ibotOptions>;

/** Those of the paper for ViT-Base/16 at 224 pixels. */
export const ibotDefaults: IbotOptions = {
  localCrops: 10,
  localSize: 96,
  localScale: [0.05, 0.25],
  grayscale: 0.2,
  blur: [1, 0.1, 0.5],
  solarize: 0.2,
  prototypes: 8192,
  headHidden: 2048,
  headBottleneck: 256,
  maskProbability: 0.5,
  maskShare: [0.1, 0.5],
  maskShape: "block",
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
};

/** For small images and a model of a few million parameters (our choice). */
export const ibotMicroDefaults: IbotOptions = {
  ...ibotDefaults,
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
};

/** For the smallest model, whose head would cost as much as its encoder (our choice). */
export const ibotNanoDefaults: IbotOptions = {
  ...ibotMicroDefaults,
  prototypes: 512,
  headHidden: 256,
  headBottleneck: 64,
};
