// What checkpoints and configurations say of a model: its shape, its decoder, and how its images are prepared.

import { z } from "zod";
import { imageSidesSchema } from "../data/image-sides-schema.js";
import { modelLimits } from "../nn/model-limits.js";
import type { Normalization } from "../nn/pixels.js";
import {
  channelsOf,
  type EncoderShape,
  encoderShapeOf,
  hasWholePatches,
  type ModelShape,
  patchCount,
} from "../nn/presets.js";

/** The sizes of a decoder. */
export type DecoderShape = Pick<ModelShape, "decoderWidth" | "decoderDepth" | "decoderHeads">;

/** What an imported checkpoint says about its model in its metadata, under `model`. */
export interface ModelDescription {
  readonly shape: EncoderShape;
  /** Undefined where the weights are those of an encoder alone. */
  readonly decoder: DecoderShape | undefined;
  /** What the pixels were normalised with, of values in [0, 1]. */
  readonly normalization: Normalization;
  /** The colour behind transparent pixels, 0 to 255. */
  readonly background: readonly [number, number, number];
}

const count = z.int().positive();
const side = count.max(modelLimits.imageSize);
const channel = z.int().min(0).max(255);

/** A model's shape, normalisation and background, as files say them; `fitsChannels` is to be checked beside it. */
export const modelDescriptionSchema = z.strictObject({
  shape: z
    .strictObject({
      imageSize: imageSidesSchema(side),
      patchSize: count.max(modelLimits.patchSize),
      channels: count.max(modelLimits.channels).optional(),
      width: count.max(modelLimits.width).multipleOf(4),
      depth: count.max(1000),
      heads: count.max(modelLimits.heads),
      mlpRatio: z.number().positive().max(modelLimits.mlpRatio),
    })
    .refine(hasWholePatches, "imageSize is not a multiple of patchSize")
    .refine(
      (shape) => patchCount(shape) <= modelLimits.patches,
      `an image has more than ${modelLimits.patches} patches`,
    )
    .refine(({ width, heads }) => width % heads === 0, "width is not a multiple of heads")
    .refine(
      ({ width, mlpRatio }) => Number.isInteger(width * mlpRatio),
      "mlpRatio gives a width that is not a whole number",
    ),
  decoder: z
    .strictObject({
      decoderWidth: count.max(modelLimits.width).multipleOf(4),
      decoderDepth: count.max(1000),
      decoderHeads: count.max(modelLimits.heads),
    })
    .refine(({ decoderWidth, decoderHeads }) => decoderWidth % decoderHeads === 0, "no multiple of decoderHeads")
    .nullable(),
  normalization: z.strictObject({
    mean: z.array(z.number()),
    std: z.array(z.number().positive()),
  }),
  background: z.tuple([channel, channel, channel]),
});

/** Whether a model has a mean and a deviation for each channel of its images. */
export function fitsChannels({ shape, normalization }: Pick<ModelDescription, "shape" | "normalization">): boolean {
  const channels = channelsOf(shape);
  return normalization.mean.length === channels && normalization.std.length === channels;
}

/** What is wrong where `fitsChannels` does not hold. */
export const oneOfEachChannel = {
  message: "expected as many values as the images have channels",
  path: ["normalization"],
};

/** The metadata that `loadPretrained` reads a model's description from. */
export function describeModel({ shape, decoder, normalization, background }: ModelDescription): string {
  return JSON.stringify({
    shape: encoderShapeOf(shape),
    decoder: decoder ?? null,
    normalization: { mean: normalization.mean, std: normalization.std },
    background,
  });
}

/** Reads what `describeModel` wrote. Returns a sentence about what is wrong instead, where something is. */
export function parseModelDescription(text: string): ModelDescription | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `its description of the model is not valid JSON: ${(error as Error).message}`;
  }
  const parsed = modelDescriptionSchema.refine(fitsChannels, oneOfEachChannel).safeParse(value);
  if (parsed.success) return { ...parsed.data, decoder: parsed.data.decoder ?? undefined };
  const [issue] = parsed.error.issues;
  return `its description of the model is not valid: ${issue!.path.join(".")}: ${issue!.message}`;
}
