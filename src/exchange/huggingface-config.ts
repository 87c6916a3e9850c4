// The JSON files of a Hugging Face folder: what a ViT or ViTMAE model is like, and how its images are prepared.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { imageSidesSchema } from "../data/image-sides-schema.js";
import { type ImageSides, sizeOf } from "../data/image-size.js";
import { readText } from "../files/regular-file.js";
import { storageError } from "../files/storage.js";
import { FormatError } from "../formats/errors.js";
import { modelLimits } from "../nn/model-limits.js";
import type { Normalization } from "../nn/pixels.js";
import { channelsOf, type EncoderShape } from "../nn/presets.js";
import type { ModelDescription } from "../training/model-description.js";
import type { PretrainedModel } from "../training/pretrained.js";
import { WeightsRequestError } from "./errors.js";

export interface HuggingFaceConfig {
  readonly heads: number;
  readonly decoderHeads: number | undefined;
  readonly layerNormEpsilon: number;
  readonly imageSize: ImageSides | undefined;
  readonly normalization: Normalization | undefined;
}

const perChannel = z.array(z.number()).max(modelLimits.channels);
const side = z.int().min(1).max(modelLimits.imageSize);
const configSchema = z.looseObject({
  model_type: z.enum(["vit", "vit_mae"]),
  num_attention_heads: z.int().positive(),
  decoder_num_attention_heads: z.int().positive().optional(),
  image_size: imageSidesSchema(side).optional().catch(undefined),
  hidden_act: z.enum(["gelu"]).default("gelu"),
  layer_norm_eps: z.number().positive().default(1e-12),
});
const preprocessorSchema = z.looseObject({ image_mean: perChannel.optional(), image_std: perChannel.optional() });

/** Reads config.json and, where there is one, preprocessor_config.json. Throws FormatError, StorageError. */
export function readHuggingFaceConfig(folder: string): HuggingFaceConfig {
  const path = join(folder, "config.json");
  if (!existsSync(path)) {
    throw new WeightsRequestError(
      folder,
      "expected a Hugging Face folder with a config.json; for a file, name the file itself",
    );
  }
  const config = checked(configSchema, path);
  const preprocessor = join(folder, "preprocessor_config.json");
  const { image_mean: mean, image_std: std } = existsSync(preprocessor)
    ? checked(preprocessorSchema, preprocessor)
    : {};
  return {
    heads: config.num_attention_heads,
    decoderHeads: config.decoder_num_attention_heads,
    layerNormEpsilon: config.layer_norm_eps,
    imageSize: config.image_size,
    normalization: mean !== undefined && std?.every((value) => value > 0) ? { mean, std } : undefined,
  };
}

function checked<T extends z.ZodType>(schema: T, path: string): z.infer<T> {
  const parsed = schema.safeParse(readJson(path));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new WeightsRequestError(
    path,
    `${issue!.path.join(".")}: ${issue!.message}. Only ViT and ViTMAE models are read`,
  );
}

/** A small JSON file as a value. Throws FormatError, StorageError. */
export function readJson(path: string): unknown {
  let text: string;
  try {
    text = readText(path, 1 << 20);
  } catch (error) {
    throw storageError(error, "read", path);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FormatError(path, `it is not valid JSON: ${(error as Error).message}`);
  }
}

/** The config.json that ViTMAEForPreTraining (with a decoder) or ViTModel loads. */
export function huggingFaceConfig(
  { shape, decoder }: Pick<ModelDescription, "shape" | "decoder">,
  { maskRatio, normPixels }: NonNullable<PretrainedModel["pretext"]>,
) {
  return {
    architectures: [decoder === undefined ? "ViTModel" : "ViTMAEForPreTraining"],
    ...(decoder !== undefined && {
      decoder_hidden_size: decoder.decoderWidth,
      decoder_intermediate_size: decoder.decoderWidth * shape.mlpRatio,
      decoder_num_attention_heads: decoder.decoderHeads,
      decoder_num_hidden_layers: decoder.decoderDepth,
      mask_ratio: maskRatio,
      norm_pix_loss: normPixels,
    }),
    ...encoderConfig(shape),
    model_type: decoder === undefined ? "vit" : "vit_mae",
  };
}

/** The config.json that ViTForImageClassification loads; `classes` in the order of the scores. */
export function huggingFaceClassifierConfig(shape: EncoderShape, classes: readonly string[]): object {
  return {
    architectures: ["ViTForImageClassification"],
    ...encoderConfig(shape),
    id2label: Object.fromEntries(classes.entries()),
    label2id: Object.fromEntries(classes.map((name, index) => [name, index])),
    model_type: "vit",
    problem_type: "single_label_classification",
  };
}

/** What ViT and ViTMAE have in common. */
function encoderConfig(shape: EncoderShape) {
  const { imageSize, patchSize, width, depth, heads, mlpRatio } = shape;
  return {
    attention_probs_dropout_prob: 0.0,
    hidden_act: "gelu",
    hidden_dropout_prob: 0.0,
    hidden_size: width,
    image_size: imageSize,
    initializer_range: 0.02,
    intermediate_size: width * mlpRatio,
    layer_norm_eps: 1e-6,
    num_attention_heads: heads,
    num_channels: channelsOf(shape),
    num_hidden_layers: depth,
    patch_size: patchSize,
    qkv_bias: true,
    torch_dtype: "float32",
  };
}

/** The preprocessor_config.json of ViTImageProcessor. */
export function huggingFacePreprocessor({
  shape,
  normalization,
}: Pick<ModelDescription, "shape" | "normalization">): object {
  return {
    do_normalize: true,
    do_rescale: true,
    do_resize: true,
    feature_extractor_type: "ViTFeatureExtractor",
    image_mean: normalization.mean,
    image_processor_type: "ViTImageProcessor",
    image_std: normalization.std,
    resample: 3,
    rescale_factor: 1 / 255,
    size: heightAndWidth(shape),
  };
}

function heightAndWidth({ imageSize }: EncoderShape): { height: number; width: number } {
  const { height, width } = sizeOf(imageSize);
  return { height, width };
}
