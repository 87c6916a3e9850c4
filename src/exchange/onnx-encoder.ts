// An encoder as an ONNX graph that anyone can run: standard operators, any batch, weights and normalisation inside.

import {
  defineProgram,
  emitWithOpenBatch,
  input,
  type OnnxModel,
  type Program,
  standardKernels,
} from "../graph/index.js";
import type { OnnxInitializer } from "../graph/onnx-model.js";
import type { Pooling } from "../heads/features.js";
import { channelsOf } from "../nn/presets.js";
import type { PretrainedModel } from "../training/pretrained.js";
import { encodedImages } from "./forward.js";

type Model = Pick<PretrainedModel, "shape" | "normalization" | "tensors">;

const PIXELS = "pixel_values";

/** `pixel_values` [batch, channels, imageSize, imageSize] from 0 to 1 (three channels: RGB), to `last_hidden_state` and `embedding`. */
export function onnxEncoder(model: Model, pool: Pooling): OnnxModel {
  const { inputs, initializers, ...graph } = emitWithOpenBatch(
    (batch) => encoderProgram(model, pool, batch),
    standardKernels,
    PIXELS,
  );
  const [pixels, weights] = [true, false].map((isPixels) =>
    inputs.filter(({ name }) => (name === PIXELS) === isPixels),
  );
  const constants = weights!.map(({ name, dtype, shape }): OnnxInitializer => {
    const { buffer, byteOffset, byteLength } = model.tensors.get(name)!.data;
    return { name, dtype, shape: shape as number[], bytes: new Uint8Array(buffer, byteOffset, byteLength) };
  });
  return { ...graph, inputs: pixels!, initializers: [...initializers, ...constants] };
}

/** Weights of the file in bytes, before it is made. */
export function onnxBytes({ tensors }: Pick<Model, "tensors">): number {
  return [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
}

function encoderProgram(model: Model, pool: Pooling, batch: number): Program {
  const { imageSize } = model.shape;
  const pixels = input(PIXELS, [batch, channelsOf(model.shape), imageSize, imageSize])
    .transpose([0, 2, 3, 1])
    .mul(255);
  const { tokens, embedding } = encodedImages(model, pixels, pool);
  return defineProgram("vision-transformer-encoder", { last_hidden_state: tokens, embedding });
}
