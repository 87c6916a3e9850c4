// A model as an ONNX graph that anyone can run: standard operators, any batch, weights and normalisation inside.

import { defineProgram, emitWithOpenBatch, input, type OnnxModel, standardKernels } from "../graph/index.js";
import type { OnnxInitializer } from "../graph/onnx-model.js";
import { imageShape } from "../nn/presets.js";
import type { ForwardPass } from "./forward.js";

const PIXELS = "pixel_values";

/** `pixel_values` [batch, channels, height, width] from 0 to 1 (three channels: RGB), to the outputs of the model. */
export function onnxGraph({ name, shape, weights, outputs }: ForwardPass): OnnxModel {
  const programOf = (batch: number) => {
    const [, height, width, channels] = imageShape(shape, batch);
    const pixels = input(PIXELS, [batch, channels, height, width]).transpose([0, 2, 3, 1]).mul(255);
    return defineProgram(name, outputs(pixels));
  };
  const { inputs, initializers, ...graph } = emitWithOpenBatch(programOf, standardKernels, PIXELS);
  const constants = inputs
    .filter((each) => each.name !== PIXELS)
    .map(({ name, dtype, shape }): OnnxInitializer => {
      const { buffer, byteOffset, byteLength } = weights.get(name)!.data;
      return { name, dtype, shape: shape as number[], bytes: new Uint8Array(buffer, byteOffset, byteLength) };
    });
  const pixels = inputs.filter((each) => each.name === PIXELS);
  return { ...graph, inputs: pixels, initializers: [...initializers, ...constants] };
}

/** Weights of the file in bytes, before it is made. */
export function onnxBytes({ weights }: Pick<ForwardPass, "weights">): number {
  return [...weights.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
}
