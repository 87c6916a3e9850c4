// Our own forward pass of a pre-trained encoder on whole images, to compare exported files with.

import { constant, defineProgram, input, type Program, patchify } from "../graph/index.js";
import { encoder } from "../nn/encoder.js";
import { ParameterScope } from "../nn/parameters.js";
import { normalizePixels } from "../nn/pixels.js";
import { type Arrays, compile } from "../runtime/index.js";
import type { PretrainedModel, WeightTensor } from "../training/pretrained.js";

/** How the tokens of an image become one vector: the mean of its patches' tokens, or the CLS token. */
export type Pool = "mean" | "cls";

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
  pool: Pool,
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
  pool: Pool,
): { program: Program; weights: Arrays } {
  const { imageSize, patchSize, width } = shape;
  const patches = (imageSize / patchSize) ** 2;
  const scope = new ParameterScope();
  const { embed, encode } = encoder(scope, shape);
  const { positions, clsToken } = tokenPositions(tensors, width);
  const images = input("images", [batch, imageSize, imageSize, 3], "uint8");
  const pixels = patchify(normalizePixels(images, normalization), patchSize);
  const encoded = encode(embed(pixels).add(constant(positions, [patches, 1, width]))).transpose([1, 0, 2]);
  const embedding = pool === "cls" ? encoded.slice(1, 0, 1).reshape([batch, width]) : encoded.slice(1, 1).mean([1]);
  const weights = Object.fromEntries(scope.parameters.map(({ name }) => [name, tensors.get(name)!.data]));
  return {
    program: defineProgram("encoder", { tokens: encoded, embedding }),
    weights: { ...weights, cls_token: clsToken },
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
