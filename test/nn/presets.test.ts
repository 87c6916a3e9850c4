// The presets have the sizes that are published, and sizes that the models can be built with.

import { describe, expect, it } from "vitest";
import { type ModelShape, modelPresetNames, modelPresets, patchCount } from "#src/nn/presets.js";

/** Values of MAE's encoder and decoder, the fixed positions included, counted from the published architecture. */
function countValues(shape: ModelShape): number {
  const { patchSize, width, depth, mlpRatio, decoderWidth, decoderDepth } = shape;
  const tokens = patchCount(shape) + 1;
  const pixels = 3 * patchSize ** 2;
  const linear = (inputs: number, outputs: number) => inputs * outputs + outputs;
  const block = (size: number) =>
    linear(size, 3 * size) + linear(size, size) + 2 * mlpRatio * size * size + (mlpRatio + 1) * size + 4 * size;
  const encoder = linear(pixels, width) + width + tokens * width + depth * block(width) + 2 * width;
  const decoder =
    linear(width, decoderWidth) +
    decoderWidth +
    tokens * decoderWidth +
    decoderDepth * block(decoderWidth) +
    2 * decoderWidth +
    linear(decoderWidth, pixels);
  return encoder + decoder;
}

describe("modelPresets", () => {
  it("has ViT-Base with MAE's decoder at its published number of values", () => {
    expect(countValues(modelPresets.base)).toBe(111_907_840);
  });

  it.each(modelPresetNames)("%s divides into patches and heads, and has room for sine-cosine positions", (name) => {
    const { imageSize, patchSize, width, heads, decoderWidth, decoderHeads } = modelPresets[name];
    expect(imageSize % patchSize).toBe(0);
    for (const [size, parts] of [
      [width, heads],
      [decoderWidth, decoderHeads],
    ] as const) {
      expect(size % parts).toBe(0);
      expect(size % 4).toBe(0);
    }
  });

  it("lists the presets from small to large", () => {
    const sizes = modelPresetNames.map((name) => countValues(modelPresets[name]));
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
  });
});
