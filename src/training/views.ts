// The views of each image that a run's method learns from.

import { type IbotConfig, type PretrainConfig, reconstructs } from "../config/config.js";
import type { AugmentationOptions, ViewOptions } from "../data/index.js";
import { viewName } from "../methods/ibot/task.js";

/** The name of iBOT's local crops, which are all drawn alike. */
export const LOCAL = "local";

/** Deviations of iBOT's blur, in pixels of an image of 224: others get them in proportion (our choice). */
const BLUR = [0.1 / 224, 2 / 224] as const;

/** One view as `data` says, or iBOT's crops. */
export function viewsOf(config: PretrainConfig): ViewOptions[] {
  return reconstructs(config) ? [{ name: "image", augmentation: augmentationOf(config) }] : ibotViews(config);
}

function augmentationOf({ data }: PretrainConfig): AugmentationOptions {
  const { scale, flip, colorJitter } = data;
  return { scale, flipProbability: flip ? 0.5 : 0, ...(colorJitter && { colorJitter }) };
}

/** Two global crops, blurred and solarised unlike each other, and the local ones [iBOT's code, after DINO's]. */
function ibotViews(config: IbotConfig): ViewOptions[] {
  const { grayscale, blur, solarize, localCrops, localSize, localScale } = config.methodOptions;
  const { imageSize } = config.model;
  const shared = { ...augmentationOf(config), grayscale };
  const sigma: [number, number] = [BLUR[0] * imageSize, BLUR[1] * imageSize];
  const blurred = (probability: number) => ({ blur: { probability, sigma } });
  const views: ViewOptions[] = [
    { name: viewName("global", 0), augmentation: { ...shared, ...blurred(blur[0]) } },
    {
      name: viewName("global", 1),
      augmentation: { ...shared, ...blurred(blur[1]), solarize: { probability: solarize } },
    },
  ];
  if (localCrops === 0) return views;
  const local = { ...shared, ...blurred(blur[2]), scale: localScale };
  return [...views, { name: LOCAL, count: localCrops, imageSize: localSize, augmentation: local }];
}
