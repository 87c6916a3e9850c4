// The augmentation that the section `data` of a configuration asks for.
import type { AugmentationOptions } from "../data/index.js";
import type { MethodConfig } from "./method.js";

export function augmentationOf({ data }: MethodConfig): AugmentationOptions {
  const { scale, flip, colorJitter } = data;
  return { scale, flipProbability: flip ? 0.5 : 0, ...(colorJitter && { colorJitter }) };
}
