// Frozen features: the same to the last bit wherever an image stands, equal to PyTorch's, and errors for wrong weights.

import { describe, expect, test } from "vitest";
import { openEngine } from "#src/engine/index.js";
import { createFeatureExtractor, type Features } from "#src/heads/features.js";
import { distance } from "../nn/evaluate.js";
import { pytorchMissing, runPython } from "../pytorch.js";
import { randomEncoder, randomPixels } from "./random-encoder.js";

const reference = new URL("../reference/features.py", import.meta.url).pathname;
const shape = { imageSize: 20, patchSize: 4, width: 36, depth: 3, heads: 3, mlpRatio: 3 };

function rowsOf(features: Features, width: number): string[] {
  return Array.from({ length: features.cls.length / width }, (_, row) =>
    [features.cls, features.mean].map((values) => values.slice(row * width, (row + 1) * width).join()).join(),
  );
}

test.each([1, 2])("an image's features do not depend on its place and company (%i threads)", async (threads) => {
  const encoder = randomEncoder(shape);
  const extractor = await createFeatureExtractor(encoder, openEngine({ threads }));
  const count = extractor.batch;
  const imageBytes = 20 * 20 * 3;
  const pixels = randomPixels(count, 20);
  const together = rowsOf(await extractor.extract(pixels), 36);
  expect(new Set(together).size).toBe(count);
  for (const shift of [1, 5, count >> 1]) {
    const moved = Uint8Array.from(pixels, (_, i) => pixels[(i + shift * imageBytes) % pixels.length]!);
    const rows = rowsOf(await extractor.extract(moved), 36);
    expect(rows).toEqual([...together.slice(shift), ...together.slice(0, shift)]);
  }
  for (const first of [0, 3, count - 1]) {
    const alone = await extractor.extract(pixels.subarray(first * imageBytes, (first + 1) * imageBytes));
    expect(alone.mean.length).toBe(36);
    expect(rowsOf(alone, 36)).toEqual([together[first]]);
  }
});

test("takes at most a batch of whole images", async () => {
  const extractor = await createFeatureExtractor(randomEncoder(shape), openEngine({ threads: 1 }));
  await expect(extractor.extract(new Uint8Array(100))).rejects.toThrow(/images of 1200 bytes; found 100 bytes/);
  await expect(extractor.extract(new Uint8Array(1200 * (extractor.batch + 1)))).rejects.toThrow(/up to/);
  expect((await extractor.extract(new Uint8Array(0))).cls.length).toBe(0);
});

test("names a weight that is missing or of another shape", async () => {
  const { tensors, ...rest } = randomEncoder(shape);
  const without = new Map(tensors);
  without.delete("blocks.1.attn.proj.bias");
  await expect(createFeatureExtractor({ ...rest, tensors: without })).rejects.toThrow(
    /needs a weight blocks.1.attn.proj.bias of shape \[36\]; found none/,
  );
  const wrong = new Map(tensors).set("norm.bias", { shape: [12], data: new Float32Array(12) });
  await expect(createFeatureExtractor({ ...rest, tensors: wrong })).rejects.toThrow(
    /norm.bias of shape \[36\]; found \[12\]/,
  );
});

describe.skipIf(pytorchMissing !== undefined)(`parity${pytorchMissing ? ` (${pytorchMissing})` : ""}`, () => {
  test("CLS and mean of the patches are PyTorch's, with a position for CLS", async () => {
    const encoder = randomEncoder(shape);
    const extractor = await createFeatureExtractor(encoder, openEngine({ threads: 1 }));
    const count = 5;
    const pixels = randomPixels(count, 20);
    const found = await extractor.extract(pixels);

    const { mean, std } = encoder.normalization;
    const images = new Float32Array(pixels.length);
    for (const [i, value] of pixels.entries()) {
      const [image, pixel, channel] = [Math.floor(i / 1200), Math.floor(i / 3) % 400, i % 3];
      images[(image * 3 + channel) * 400 + pixel] = (value / 255 - mean[channel]!) / std[channel]!;
    }
    const parameters = [...encoder.tensors].map(([name, tensor]) => ({
      name: `parameters/${name}`,
      dtype: "F32" as const,
      ...tensor,
    }));
    const wanted = runPython(
      reference,
      [...parameters, { name: "images", dtype: "F32", shape: [count, 3, 20, 20], data: images }],
      { depth: shape.depth, heads: shape.heads },
    );
    for (const pooling of ["cls", "mean"] as const) {
      expect(distance(found[pooling], wanted.get(pooling)!.data as Float32Array)).toBeLessThan(2e-5);
    }
  });
});
