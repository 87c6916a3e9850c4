// Our own forward pass of a pre-trained encoder on whole images, to compare exported files with.

import { openEngine } from "../engine/index.js";
import { concat, defineProgram, input, type Tensor } from "../graph/index.js";
import type { Pooling } from "../heads/features.js";
import { ParameterScope } from "../nn/parameters.js";
import { normalizePixels } from "../nn/pixels.js";
import { imageShape, imageValues } from "../nn/presets.js";
import { visionTransformer } from "../nn/vision-transformer.js";
import type { PretrainedModel } from "../training/pretrained.js";

export interface EncodedImages {
  /** [batch, 1 + patches, width], CLS first, after the final norm. */
  readonly tokens: Float32Array;
  /** [batch, width]. */
  readonly embedding: Float32Array;
}

type Model = Pick<PretrainedModel, "shape" | "normalization" | "tensors">;

/** Encodes images [batch, imageSize, imageSize, channels] of bytes; nothing is masked or mixed. */
export async function encodeImages(model: Model, images: Uint8Array, pool: Pooling): Promise<EncodedImages> {
  const batch = images.length / imageValues(model.shape);
  const pixels = input("images", imageShape(model.shape, batch), "uint8");
  const { tokens, embedding, weights } = encodedImages(model, pixels, pool);
  const executable = await openEngine().compile(defineProgram("encoder", { tokens, embedding }));
  const results = await executable.run({ ...weights, images });
  return { tokens: results.tokens as Float32Array, embedding: results.embedding as Float32Array };
}

/**
 * Tokens [batch, 1 + patches, width] and the embedding [batch, width] of images [batch, imageSize, imageSize, channels] with
 * values from 0 to 255, and the weights that the program takes.
 */
export function encodedImages({ shape, normalization, tensors }: Model, images: Tensor, pool: Pooling) {
  const [batch] = images.shape;
  const scope = new ParameterScope();
  const { cls, patches } = visionTransformer(scope, shape)(normalizePixels(images, normalization));
  const tokens = concat([cls.reshape([1, batch!, shape.width]), patches], 0).transpose([1, 0, 2]);
  const weights = Object.fromEntries(scope.parameters.map(({ name }) => [name, tensors.get(name)!.data]));
  return { tokens, embedding: pool === "cls" ? cls : patches.mean([0]), weights };
}
