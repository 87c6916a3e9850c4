// Our own forward pass of a pre-trained encoder on whole images, to compare exported files with.

import { type Arrays, compile } from "../engine/index.js";
import { concat, defineProgram, input, type Program } from "../graph/index.js";
import type { Pooling } from "../heads/features.js";
import { ParameterScope } from "../nn/parameters.js";
import { normalizePixels } from "../nn/pixels.js";
import { visionTransformer } from "../nn/vision-transformer.js";
import type { PretrainedModel, WeightTensor } from "../training/pretrained.js";

export interface EncodedImages {
  /** [batch, 1 + patches, width], CLS first, after the final norm. */
  readonly tokens: Float32Array;
  /** [batch, width]. */
  readonly embedding: Float32Array;
}

/** Encodes images [batch, imageSize, imageSize, 3] of bytes; nothing is masked or mixed. */
export async function encodeImages(
  model: Pick<PretrainedModel, "shape" | "normalization" | "tensors">,
  images: Uint8Array,
  pool: Pooling,
): Promise<EncodedImages> {
  const batch = images.length / (model.shape.imageSize ** 2 * 3);
  const { program, weights } = encoderProgram(model, batch, pool);
  const executable = await compile(program);
  const { tokens, embedding } = await executable.run({ ...weights, images });
  return { tokens: tokens as Float32Array, embedding: embedding as Float32Array };
}

function encoderProgram(
  { shape, normalization, tensors }: Pick<PretrainedModel, "shape" | "normalization" | "tensors">,
  batch: number,
  pool: Pooling,
): { program: Program; weights: Arrays } {
  const { imageSize, width } = shape;
  const scope = new ParameterScope();
  const encode = visionTransformer(scope, shape);
  const images = input("images", [batch, imageSize, imageSize, 3], "uint8");
  const { cls, patches } = encode(normalizePixels(images, normalization));
  const tokens = concat([cls.reshape([1, batch, width]), patches], 0).transpose([1, 0, 2]);
  const embedding = pool === "cls" ? cls : patches.mean([0]);
  return {
    program: defineProgram("encoder", { tokens, embedding }),
    weights: Object.fromEntries(scope.parameters.map(({ name }) => [name, tensors.get(name)!.data])),
  };
}

/** The patches' positions, and the CLS token with its own position added, which it always carries. */
export function tokenPositions(
  tensors: ReadonlyMap<string, WeightTensor>,
  width: number,
): { positions: Float32Array; clsToken: Float32Array } {
  const all = tensors.get("pos_embed")!.data;
  return {
    positions: all.subarray(width),
    clsToken: tensors.get("cls_token")!.data.map((value, channel) => value + all[channel]!),
  };
}
