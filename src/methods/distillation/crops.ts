// The crops of each image that a method with a teacher learns from: how they are drawn, and as a program has them.
import { type ImageSides, longerSide, shorterSide, sidesOf, sizeOf } from "../../data/image-size.js";
import type { Batch, ViewOptions } from "../../data/index.js";
import type { Arrays } from "../../engine/index.js";
import { concat, input, type Tensor } from "../../graph/index.js";
import { type Normalization, normalizePixels } from "../../nn/pixels.js";
import { type EncoderShape, imageShape } from "../../nn/presets.js";
import { augmentationOf } from "../augmentation.js";
import type { MethodConfig } from "../method.js";
import type { DistillationOptions } from "./options.js";

/** The crops that student and teacher both see. */
export const GLOBAL_CROPS = 2;

export const viewName = (kind: "global" | "local", index: number) => `${kind}/${index}`;

/** The name of the local crops, which are all drawn alike. */
const LOCAL = "local";

/** Deviations of the blur, in pixels of an image of 224: others get them in proportion (our choice). */
const BLUR = [0.1 / 224, 2 / 224] as const;

/** Two global crops, blurred and solarised unlike each other, and the local ones [DINO's code; iBOT's after it]. */
export function cropViews(config: MethodConfig<DistillationOptions>): ViewOptions[] {
  const { grayscale, blur, solarize, localCrops, localSize, localScale } = config.methodOptions;
  const side = shorterSide(config.model.imageSize);
  const shared = { ...augmentationOf(config), grayscale };
  const sigma: [number, number] = [BLUR[0] * side, BLUR[1] * side];
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
  return [
    ...views,
    { name: LOCAL, count: localCrops, imageSize: localSides(config.model, localSize), augmentation: local },
  ];
}

/** Local crops have the proportions of the global ones, in whole patches; `localSize` is their shorter side. */
function localSides(
  { imageSize, patchSize }: Pick<EncoderShape, "imageSize" | "patchSize">,
  localSize: number,
): ImageSides {
  const { width, height } = sizeOf(imageSize);
  const longer = patchSize * Math.round((localSize * longerSide(imageSize)) / shorterSide(imageSize) / patchSize);
  return sidesOf({ width: width > height ? longer : localSize, height: height > width ? longer : localSize });
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

export interface CropInputs {
  /** Normalised, those of a view side by side: [2 * batch, height, width, channels]. */
  readonly global: Tensor;
  /** The same [local crops * batch, height, width, channels]; left out where there are none. */
  readonly local?: Tensor;
}

/** Inputs uint8 [batch, height, width, channels] for `global/0`, `global/1`, `local/0`, ...: all crops of one size as one tensor. */
export function cropInputs(
  shape: EncoderShape,
  { localCrops, localSize }: DistillationOptions,
  batch: number,
  normalization: Normalization,
): CropInputs {
  const crops = (kind: "global" | "local", count: number, imageSize: ImageSides) => {
    const each = Array.from({ length: count }, (_, index) =>
      input(viewName(kind, index), imageShape({ ...shape, imageSize }, batch), "uint8"),
    );
    return normalizePixels(concat(each, 0), normalization);
  };
  return {
    global: crops("global", GLOBAL_CROPS, shape.imageSize),
    ...(localCrops > 0 && { local: crops("local", localCrops, localSides(shape, localSize)) }),
  };
}
