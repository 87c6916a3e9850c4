// The options of DINO, with the defaults of its paper and code and those for small models.
import {
  type DistillationOptions,
  distillationOptions,
  microChanges,
  nanoChanges,
  sharedDefaults,
} from "../distillation/options.js";

export const dinoOptions = distillationOptions;

export type DinoOptions = DistillationOptions;

/** Those of the paper and its code for a model of 16 x 16 patches at 224 pixels. */
export const dinoDefaults: DinoOptions = {
  ...sharedDefaults,
  localCrops: 8,
  localScale: [0.05, 0.4],
  prototypes: 65_536,
};

/** For small images and a model of a few million parameters (our choice). */
export const dinoMicroDefaults: DinoOptions = { ...dinoDefaults, ...microChanges };

/** For the smallest model, whose head would cost as much as its encoder (our choice). */
export const dinoNanoDefaults: DinoOptions = { ...dinoMicroDefaults, ...nanoChanges };
