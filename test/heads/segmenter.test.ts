// Segmentation models against PyTorch: maps, scores, losses, gradients and the batch's statistics.

import { describe, expect, test } from "vitest";
import { openEngine } from "#src/engine/index.js";
import { defineProgram, gradients, input } from "#src/graph/index.js";
import { RunningStatistics } from "#src/heads/running-statistics.js";
import { dropoutWidth, frozenSegmenter, type SegmenterShape, segmenterInTraining } from "#src/heads/segmenter.js";
import { denseEncoder, pyramidTaps } from "#src/nn/dense-encoder.js";
import { ParameterScope } from "#src/nn/parameters.js";
import { randomStream } from "#src/random/index.js";
import { pytorchMissing, runPython } from "../pytorch.js";

const encoder = { imageSize: 16, patchSize: 4, width: 24, depth: 4, heads: 3, mlpRatio: 2 };
const normalization = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.3] } as const;
const [batch, classes, side, auxiliaryWeight] = [5, 5, 24, 0.4];

const plain: SegmenterShape = {
  encoder,
  classes,
  imageSize: side,
  head: "upernet",
  channels: 12,
  auxiliaryChannels: 8,
  norm: "batch",
  windows: null,
  relativePositions: false,
};

function noise(name: string, length: number): Float32Array {
  const stream = randomStream(7, name, 0, 0);
  return Float32Array.from({ length }, () => stream.normal());
}

const images = Uint8Array.from(noise("images", batch * side * side * 3), (value) => Math.abs(value * 90) % 256);
const labels = Uint8Array.from(noise("labels", batch * side * side), (value, place) =>
  place % 7 === 0 ? 255 : Math.floor(Math.abs(value) * 3) % classes,
);

/** [batch, side, side, 3] to normalised [batch, 3, side, side]. */
function planar(pixels: Uint8Array): Float32Array {
  const area = side * side;
  return Float32Array.from(pixels, (_, place) => {
    const [image, channel, pixel] = [Math.floor(place / (3 * area)), Math.floor(place / area) % 3, place % area];
    const value = pixels[(image * area + pixel) * 3 + channel]! / 255;
    return (value - normalization.mean[channel]!) / normalization.std[channel]!;
  });
}

/** As far apart as the difference is long, relative to the second. */
function distance(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  expect(found.length).toBe(wanted.length);
  const square = (values: number[]) => values.reduce((sum, value) => sum + value * value, 0);
  const gap = square(Array.from(wanted, (value, i) => found[i]! - value));
  return Math.sqrt(gap / Math.max(1e-12, square(Array.from(wanted))));
}

/** The key third of qkv biases has no gradient in theory and rounding noise in practice. */
const withoutKeyBias = (name: string, values: ArrayLike<number>) =>
  Array.from(values).filter((_, i) => !name.endsWith("qkv.bias") || Math.floor((3 * i) / values.length) !== 1);

const variants: Readonly<Record<string, Partial<SegmenterShape>>> = {
  "UPerNet, batch normalisation": {},
  "UPerNet, group normalisation, windows, relative positions": {
    norm: "group",
    windows: { side: 4, globalBlocks: [3] },
    relativePositions: true,
  },
  "linear head": { head: "linear" },
};

describe.skipIf(pytorchMissing !== undefined)(`parity${pytorchMissing ? ` (${pytorchMissing})` : ""}`, () => {
  test.each(Object.keys(variants))("with PyTorch: %s", async (name) => {
    const shape = { ...plain, ...variants[name] };
    const regularization = {
      dropout: 0.1,
      dropPath: 0.1,
      auxiliaryWeight: shape.head === "upernet" ? auxiliaryWeight : 0,
    };
    const { loss, metrics, statistics, parameters } = segmenterInTraining(shape, batch, normalization, regularization);
    const weights = new Map(
      parameters.map(({ name, tensor, initialize }) => {
        const stream = randomStream(3, name, 0, 0);
        return [name, initialize(tensor.shape, stream).map((value) => value + 0.05 * stream.normal())] as const;
      }),
    );
    const channels = dropoutWidth(shape);
    const branchScales = noise("scales", batch * encoder.depth * 2).map((value) => (value > -0.8 ? 1.2 : 0));
    const dropout = noise("dropout", batch * channels).map((value) => (value > -1 ? 1.1 : 0));

    const expected = runPython(
      "test/reference/segment.py",
      [
        ...parameters.map(({ name, tensor }) => ({
          ...{ name: `parameters/${name}`, dtype: "F32" as const },
          ...{ shape: tensor.shape, data: weights.get(name)! },
        })),
        { name: "images", dtype: "F32", shape: [batch, 3, side, side], data: planar(images) },
        { name: "labels", dtype: "F32", shape: [batch, side, side], data: Float32Array.from(labels) },
        { name: "branchScales", dtype: "F32", shape: [batch, encoder.depth, 2], data: branchScales },
        { name: "dropout", dtype: "F32", shape: [batch, channels], data: dropout },
      ],
      {
        ...{ depth: encoder.depth, heads: encoder.heads, patch: encoder.patchSize, side: 4 },
        taps: shape.head === "upernet" ? pyramidTaps(encoder.depth) : [encoder.depth - 1],
        windowSide: shape.windows?.side ?? null,
        globalBlocks: shape.windows?.globalBlocks ?? [],
        relativeSide: shape.relativePositions ? side / encoder.patchSize : null,
        ...{ head: shape.head, norm: shape.norm, auxiliaryWeight },
      },
    );
    const reference = (name: string) => expected.get(name)!.data as Float64Array;

    const engine = openEngine({ threads: 1 });
    const slopes = gradients(
      loss,
      parameters.map(({ tensor }) => tensor),
    );
    const outputs = { loss, ...metrics, ...Object.fromEntries(slopes.map((slope, i) => [`slope${i}`, slope])) };
    const given = { images, labels, branchScales, dropout, ...Object.fromEntries(weights) };
    const found = await (await engine.compile(defineProgram("training", outputs))).run(given);
    expect(distance([Number(found.loss![0])], reference("loss"))).toBeLessThan(1e-5);
    expect(distance([Number(found.segmentation![0])], reference("segmentation"))).toBeLessThan(1e-5);
    if (shape.head === "upernet") {
      expect(distance([Number(found.auxiliary![0])], reference("auxiliary"))).toBeLessThan(1e-5);
    }
    for (const [i, { name }] of parameters.entries()) {
      // Biases that a normalisation of each channel takes away have no gradient in theory either.
      if (/^neck\.(quadruple\.[03]|double)\.bias$/.test(name)) continue;
      const [ours, theirs] = [found[`slope${i}`] as Float32Array, reference(`gradients/${name}`)];
      expect(distance(withoutKeyBias(name, ours), withoutKeyBias(name, theirs)), name).toBeLessThan(1e-4);
    }
    expect(statistics.size).toBe([...expected.keys()].filter((key) => key.startsWith("statistics/")).length);
    for (const name of statistics.keys()) {
      const theirs = reference(`statistics/${name}`);
      expect(distance(found[name] as Float32Array, theirs), name).toBeLessThan(1e-4);
    }

    if (shape.norm === "batch" && shape.head === "upernet") return;
    // Without statistics of a batch, the model in use is that of the training with nothing dropped.
    const scope = new ParameterScope();
    const pixels = input("pixels", [batch, side, side, 3]);
    const scores = frozenSegmenter(scope, shape)(pixels);
    const nhwc = new Float32Array(batch * side * side * 3);
    for (const [i, value] of images.entries()) {
      nhwc[i] = (value / 255 - normalization.mean[i % 3]!) / normalization.std[i % 3]!;
    }
    const frozen = await engine.compile(defineProgram("frozen", { scores }));
    const needed = Object.fromEntries(scope.parameters.map(({ name }) => [name, weights.get(name)!]));
    const result = await frozen.run({ pixels: nhwc, ...needed });
    expect(distance(result.scores as Float32Array, reference("scores"))).toBeLessThan(1e-4);
    const encode = denseEncoder(new ParameterScope(), encoder, { taps: [encoder.depth - 1] });
    expect(encode(pixels)[0]!.shape).toEqual([batch, encoder.width, 6, 6]);
  });
});

test("running statistics follow those of each step that updated the model, and leave the other metrics", () => {
  const running = new RunningStatistics(
    new Map([
      ["n.running_mean", { shape: [2] }],
      ["n.running_var", { shape: [2] }],
    ]),
  );
  const step = (updated: boolean) => ({
    ...{ loss: 1, gradientNorm: 1, updated },
    metrics: { pixelAccuracy: 0.5, "n.running_mean": [10, -10], "n.running_var": [3, 1] },
  });
  expect(running.take(step(true)).metrics).toEqual({ pixelAccuracy: 0.5 });
  expect([...running.values.get("n.running_mean")!]).toEqual([1, -1]);
  expect(running.values.get("n.running_var")![0]).toBeCloseTo(1.2, 6);
  running.take(step(false));
  expect([...running.values.get("n.running_mean")!]).toEqual([1, -1]);
  running.take(step(true));
  expect(running.values.get("n.running_mean")![0]).toBeCloseTo(1.9, 6);
});
