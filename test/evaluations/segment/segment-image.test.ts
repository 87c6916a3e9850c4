// Segmentation of images of any size: windows cover the image, and their averaged scores decide each pixel.
import fc from "fast-check";
import { expect, test } from "vitest";
import { renderRegion } from "#src/data/index.js";
import { openEngine } from "#src/engine/index.js";
import { createSegmenter } from "#src/evaluations/segment/inference.js";
import { createImageSegmenter, windowStarts } from "#src/evaluations/segment/segment-image.js";
import { defineProgram, input } from "#src/graph/index.js";
import { frozenSegmenter, type SegmenterShape } from "#src/heads/segmenter.js";
import { ParameterScope } from "#src/nn/parameters.js";
import { normalizePixels } from "#src/nn/pixels.js";
import { randomStream } from "#src/random/index.js";

const normalization = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
const shape: SegmenterShape = {
  encoder: { imageSize: 8, patchSize: 4, width: 12, depth: 1, heads: 2, mlpRatio: 2 },
  ...{ classes: 3, imageSize: 8, head: "upernet", channels: 8, auxiliaryChannels: 4, norm: "batch" },
  ...{ windows: null, relativePositions: false },
};

test("windows cover an axis, none reaches beyond it, and neighbours overlap by a third", () =>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 200 }), (side, more) => {
      const starts = windowStarts(side + more, side);
      expect(starts[0]).toBe(0);
      expect(starts.at(-1)).toBe(more);
      for (const [index, start] of starts.slice(1).entries()) {
        expect(start - starts[index]!).toBeLessThanOrEqual(Math.max(1, Math.floor((2 * side) / 3)));
        expect(start).toBeGreaterThan(starts[index]!);
      }
    }),
  ));

test("a pixel has the class of the highest mean score over the windows that show it", async () => {
  const engine = openEngine({ threads: 1 });
  const scope = new ParameterScope();
  const images = input("images", [1, 8, 8, 3], "uint8");
  const scores = frozenSegmenter(scope, shape)(normalizePixels(images, normalization));
  const values = new Map(
    scope.parameters.map(({ name, tensor }) => {
      const stream = randomStream(2, name, 0, 0);
      const isVariance = name.endsWith("running_var");
      const data = Float32Array.from({ length: tensor.size }, () => (isVariance ? 1 : 0.5 * stream.normal()));
      return [name, { shape: tensor.shape, data }] as const;
    }),
  );
  const { predict: segment } = await createImageSegmenter({ shape, normalization, weights: values }, engine);
  const stream = randomStream(5, "pixels", 0, 0);
  const picture = (width: number, height: number) => ({
    ...{ width, height, channels: 3 },
    pixels: Uint8Array.from({ length: 3 * width * height }, () => stream.integer(256)),
  });
  // As high as a window, so that nothing is scaled: windows begin at 0, 5 and 6.
  const [wide, square] = [picture(14, 8), picture(8, 8)];
  const found: Uint8Array[] = [];
  for await (const labels of segment([wide, square, wide])) found.push(labels);

  const executable = await engine.compile(defineProgram("one", { scores }));
  const weights = Object.fromEntries([...values].map(([name, { data }]) => [name, data]));
  const sums = Array.from({ length: 3 }, () => new Float64Array(8 * 14));
  const counts = new Float64Array(8 * 14);
  for (const left of [0, 5, 6]) {
    const window = renderRegion(wide, { left, top: 0, width: 8, height: 8 }, { width: 8, height: 8 }, 3);
    const own = (await executable.run({ ...weights, images: window })).scores as Float32Array;
    for (let y = 0; y < 8; y++) {
      for (let x = 0; x < 8; x++) {
        counts[y * 14 + left + x]!++;
        for (const [each, sum] of sums.entries()) sum[y * 14 + left + x]! += own[(each * 8 + y) * 8 + x]!;
      }
    }
  }
  const expected = Uint8Array.from(counts, (count, place) => {
    const means = sums.map((sum) => sum[place]! / count);
    return means.indexOf(Math.max(...means));
  });
  expect(new Set(expected).size).toBeGreaterThan(1);
  expect(found[0]).toEqual(expected);
  expect(found[2]).toEqual(expected);
  expect(found[1]!.length).toBe(64);
});

test("a whole image is computed at once, whatever its size; a square one is one window", async () => {
  const engine = openEngine({ threads: 1 });
  const scope = new ParameterScope();
  const images = input("images", [1, 8, 14, 3], "uint8");
  const scores = frozenSegmenter(scope, shape)(normalizePixels(images, normalization));
  const weights = new Map(
    scope.parameters.map(({ name, tensor }) => {
      const draws = randomStream(2, name, 0, 0);
      const isVariance = name.endsWith("running_var");
      const data = Float32Array.from({ length: tensor.size }, () => (isVariance ? 1 : 0.5 * draws.normal()));
      return [name, { shape: tensor.shape, data }] as const;
    }),
  );
  const pictureStream = randomStream(5, "pixels", 0, 0);
  const picture = (width: number, height: number) => ({
    ...{ width, height, channels: 3 },
    pixels: Uint8Array.from({ length: 3 * width * height }, () => pictureStream.integer(256)),
  });
  const model = { shape, normalization, weights };
  const [whole, slide] = [await createSegmenter(model, engine, "whole"), await createSegmenter(model, engine)];
  const labelsOf = async ({ predict }: typeof whole, ...given: ReturnType<typeof picture>[]) => {
    const found: Uint8Array[] = [];
    for await (const labels of predict(given)) found.push(labels);
    return found;
  };
  const [wide, square] = [picture(14, 8), picture(8, 8)];
  const [ofWide, ofSquare, again] = await labelsOf(whole, wide, square, wide);
  expect(again).toEqual(ofWide);
  expect([ofSquare]).toEqual(await labelsOf(slide, square));
  const executable = await engine.compile(defineProgram("whole", { scores }));
  const given = Object.fromEntries([...weights].map(([name, { data }]) => [name, data]));
  const own = (await executable.run({ ...given, images: wide.pixels })).scores as Float32Array;
  const area = 14 * 8;
  const best = Uint8Array.from({ length: area }, (_, at) => {
    const each = [own[at]!, own[area + at]!, own[2 * area + at]!];
    return each.indexOf(Math.max(...each));
  });
  expect(ofWide).toEqual(best);
});
