// The crops of each image that iBOT learns from.
import type { Batch, ViewOptions } from "../../data/index.js";
import type { Arrays } from "../../engine/index.js";
import { augmentationOf } from "../augmentation.js";
import type { MethodConfig } from "../method.js";
import type { IbotOptions } from "./options.js";
import { viewName } from "./task.js";

/** The name of the local crops, which are all drawn alike. */
const LOCAL = "local";

/** Deviations of the blur, in pixels of an image of 224: others get them in proportion (our choice). */
const BLUR = [0.1 / 224, 2 / 224] as const;

/** Two global crops, blurred and solarised unlike each other, and the local ones [iBOT's code, after DINO's]. */
export function ibotViews(config: MethodConfig<IbotOptions>): ViewOptions[] {
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

/** The crops of a batch by the names that the program has for them. */
export function cropsOf(views: Batch["views"]): Arrays {
  const crops = views.flatMap(({ name, count, pixels }) => {
    const bytes = pixels.length / count;
    const of = (copy: number) => pixels.subarray(copy * bytes, (copy + 1) * bytes);
    if (name !== LOCAL) return [[name, pixels] as const];
    return Array.from({ length: count }, (_, copy) => [viewName("local", copy), of(copy)] as const);
  });
  return Object.fromEntries(crops);
}
