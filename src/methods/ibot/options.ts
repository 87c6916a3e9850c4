// The options of iBOT, with the defaults of the paper and those for small models.
import { z } from "zod";
import {
  cropOptions,
  headOptions,
  microChanges,
  nanoChanges,
  rangeOption,
  sharedDefaults,
  shareOption,
  teacherOptions,
} from "../distillation/options.js";

/** The schema of the options of iBOT, with a description of each. */
export const ibotOptions = z.strictObject({
  ...cropOptions,
  ...headOptions,
  maskProbability: shareOption("how often a global crop is masked at all"),
  maskShare: rangeOption(
    "smallest and largest share of the patches that are masked where a crop is",
    (bound) => bound.lt(1),
    "a list of 2 numbers between 0 and 1, the smaller first",
  ),
  maskShape: z.enum(["block", "random"]).describe("whether masked patches lie in rectangles or anywhere"),
  ...teacherOptions,
});

/** The options of iBOT. */
export type IbotOptions = z.infer<typeof ibotOptions>;

/** Those of the paper for ViT-Base/16 at 224 pixels. */
export const ibotDefaults: IbotOptions = {
  ...sharedDefaults,
  localCrops: 10,
  localScale: [0.05, 0.25],
  prototypes: 8192,
  maskProbability: 0.5,
  maskShare: [0.1, 0.5],
  maskShape: "block",
};

/** For small images and a model of a few million parameters (our choice). */
export const ibotMicroDefaults: IbotOptions = { ...ibotDefaults, ...microChanges };

/** For the smallest model, whose head would cost as much as its encoder (our choice). */
export const ibotNanoDefaults: IbotOptions = { ...ibotMicroDefaults, ...nanoChanges };
