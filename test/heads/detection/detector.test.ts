// Mask R-CNN against PyTorch and torchvision: what is proposed, the losses, and every gradient.

import { describe, expect, test } from "vitest";
import { openEngine } from "#src/engine/index.js";
import { defineProgram, gradients } from "#src/graph/index.js";
import { anchorCount } from "#src/heads/detection/anchors.js";
import { type DetectorShape, detectorInTraining, levelsOf, objectSlots } from "#src/heads/detection/detector.js";
import { regionLevels } from "#src/heads/detection/pyramid-levels.js";
import { MASK_SIDE } from "#src/heads/detection/region-heads.js";
import { pyramidTaps } from "#src/nn/dense-encoder.js";
import { randomStream } from "#src/random/index.js";
import { pytorchMissing, runPython } from "../../pytorch.js";

const encoder = { imageSize: 16, patchSize: 4, width: 24, depth: 4, heads: 3, mlpRatio: 2 };
const normalization = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.3] } as const;
const [batch, classes, side] = [2, 3, 24];
const sampling = { anchors: 10, regions: 8, dropPath: 0.1 };
const slots = objectSlots(sampling.regions);

const plain: DetectorShape = {
  ...{ encoder, classes, imageSize: side, pyramid: "simple", finest: 4, channels: 8, anchorScale: 4 },
  ...{ proposalConvolutions: 1, boxConvolutions: 1, boxWidth: 12, masks: true, maskConvolutions: 1 },
  ...{ windows: null, relativePositions: false },
};

const variants: Readonly<Record<string, { readonly shape: Partial<DetectorShape>; readonly boxBeta: number }>> = {
  "a simple pyramid, absolute differences of boxes": { shape: {}, boxBeta: 0 },
  "a pyramid from the top down, more convolutions, windows, torchvision's loss of boxes": {
    shape: {
      ...{ pyramid: "fpn", proposalConvolutions: 2, boxConvolutions: 2, maskConvolutions: 2 },
      ...{ windows: { side: 4, globalBlocks: [3] }, relativePositions: true },
    },
    boxBeta: 1 / 9,
  },
  "boxes alone, a coarse pyramid": { shape: { masks: false, finest: 1, boxConvolutions: 0 }, boxBeta: 1 / 9 },
};

function stream(name: string) {
  return randomStream(9, name, 0, 0);
}

function noise(name: string, length: number, scale = 1): Float32Array {
  const draws = stream(name);
  return Float32Array.from({ length }, () => scale * draws.normal());
}

const wholes = (name: string, length: number, below: number) => {
  const draws = stream(name);
  return Int32Array.from({ length }, () => draws.integer(below));
};

/** Targets of all kinds, as if they had been sampled. */
function drawTargets(shape: DetectorShape) {
  const levels = levelsOf(shape);
  const anchors = anchorCount(levels);
  const draws = stream("regions");
  const count = batch * sampling.regions;
  const edges = new Float32Array(4 * count);
  for (let row = 0; row < count; row++) {
    const [left, top] = [draws.uniform() * 16, draws.uniform() * 16];
    edges.set(
      [left, top, left + 3 + draws.uniform() * (side - 3 - left), top + 3 + draws.uniform() * (side - 3 - top)],
      4 * row,
    );
  }
  const regionClass = wholes("classes", batch * sampling.regions, classes + 1);
  // Those with masks show objects; one of them has no mask.
  for (let image = 0; image < batch; image++)
    for (let slot = 0; slot < slots; slot++) regionClass[image * sampling.regions + slot] = (image + slot) % classes;
  const hasMask = Float32Array.from({ length: batch * slots }, (_, slot) => (slot === 1 ? 0 : 1));
  return {
    anchorIndex: Int32Array.from(
      Array.from({ length: batch }, (_, image) => [
        ...randomStream(9, "anchors", 0, image).permutation(anchors).subarray(0, sampling.anchors),
      ]).flat(),
    ),
    anchorLabel: Float32Array.from(wholes("labels", batch * sampling.anchors, 2)),
    anchorWeight: new Float32Array(batch * sampling.anchors).fill(1 / (batch * sampling.anchors)),
    anchorDeltas: noise("anchor deltas", 4 * batch * sampling.anchors, 0.3),
    regions: edges,
    regionLevel: wholes("levels", batch * sampling.regions, regionLevels(levels).length),
    regionClass,
    regionWeight: new Float32Array(batch * sampling.regions).fill(1 / (batch * sampling.regions)),
    regionDeltas: noise("region deltas", 4 * batch * sampling.regions, 0.3),
    maskTarget: Uint8Array.from(wholes("masks", batch * slots * MASK_SIDE ** 2, 2)),
    maskWeight: hasMask.map((each) => each / hasMask.reduce((sum, value) => sum + value, 0)),
  };
}

const images = Uint8Array.from(noise("images", batch * side * side * 3), (value) => Math.abs(value * 90) % 256);
const branchScales = noise("scales", batch * encoder.depth * 2).map((value) => (value > -0.8 ? 1.2 : 0));

/** [batch, side, side, 3] to normalised [batch, 3, side, side]. */
function planar(pixels: Uint8Array): Float32Array {
  const area = side * side;
  return Float32Array.from(pixels, (_, place) => {
    const [image, channel, pixel] = [Math.floor(place / (3 * area)), Math.floor(place / area) % 3, place % area];
    return (
      (pixels[(image * area + pixel) * 3 + channel]! / 255 - normalization.mean[channel]!) / normalization.std[channel]!
    );
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

function startOf({ parameters }: ReturnType<typeof detectorInTraining>) {
  return new Map(
    parameters.map(({ name, tensor, initialize }) => {
      const draws = randomStream(3, name, 0, 0);
      return [name, initialize(tensor.shape, draws).map((value) => value + 0.05 * draws.normal())] as const;
    }),
  );
}

describe.skipIf(pytorchMissing !== undefined)(`parity${pytorchMissing ? ` (${pytorchMissing})` : ""}`, () => {
  test.each(Object.keys(variants))("with PyTorch and torchvision: %s", async (variant) => {
    const { boxBeta } = variants[variant]!;
    const shape = { ...plain, ...variants[variant]!.shape };
    const detector = detectorInTraining(shape, batch, normalization, { ...sampling, boxBeta });
    const { loss, metrics, parameters, proposals } = detector;
    const weights = startOf(detector);
    const targets = drawTargets(shape);
    const shapes: Readonly<Record<string, number[]>> = {
      ...{
        anchorIndex: [batch, 10],
        anchorLabel: [batch, 10],
        anchorWeight: [batch, 10],
        anchorDeltas: [batch, 10, 4],
      },
      ...{ regions: [batch, 8, 4], regionLevel: [batch, 8], regionClass: [batch, 8], regionWeight: [batch, 8] },
      ...{ regionDeltas: [batch, 8, 4], maskTarget: [batch, slots, MASK_SIDE, MASK_SIDE], maskWeight: [batch, slots] },
    };
    const expected = runPython(
      "test/reference/detector.py",
      [
        ...parameters.map(({ name, tensor }) => ({
          ...{ name: `parameters/${name}`, dtype: "F32" as const },
          ...{ shape: tensor.shape, data: weights.get(name)! },
        })),
        { name: "images", dtype: "F32", shape: [batch, 3, side, side], data: planar(images) },
        { name: "branchScales", dtype: "F32", shape: [batch, encoder.depth, 2], data: branchScales },
        ...Object.entries(targets).map(([name, data]) => ({
          ...{ name, dtype: "F32" as const, shape: shapes[name]!, data: Float32Array.from(data) },
        })),
      ],
      {
        ...{ depth: encoder.depth, heads: encoder.heads, patch: encoder.patchSize, side: 4, classes, boxBeta },
        taps: shape.pyramid === "fpn" ? pyramidTaps(encoder.depth) : [encoder.depth - 1],
        windowSide: shape.windows?.side ?? null,
        globalBlocks: shape.windows?.globalBlocks ?? [],
        relativeSide: shape.relativePositions ? side / encoder.patchSize : null,
        ...{ finest: shape.finest, pyramid: shape.pyramid, masks: shape.masks },
        ...{ proposalConvolutions: shape.proposalConvolutions, boxConvolutions: shape.boxConvolutions },
        maskConvolutions: shape.maskConvolutions,
      },
    );
    const reference = (name: string) => expected.get(name)!.data as Float64Array;

    const engine = openEngine({ threads: 1 });
    const slopes = gradients(
      loss,
      parameters.map(({ tensor }) => tensor),
    );
    const outputs = { loss, ...metrics, ...Object.fromEntries(slopes.map((slope, i) => [`slope${i}`, slope])) };
    const program = defineProgram("training", outputs);
    const given = Object.entries({ images, branchScales, ...targets, ...Object.fromEntries(weights) });
    const inputsOf = ({ inputs }: typeof program) => Object.fromEntries(given.filter(([name]) => inputs.has(name)));
    const found = await (await engine.compile(program)).run(inputsOf(program));
    for (const name of ["loss", "objectness", "proposalBoxes", "classes", "boxes", ...(shape.masks ? ["masks"] : [])]) {
      expect(distance([Number(found[name]![0])], reference(name)), name).toBeLessThan(1e-5);
    }
    for (const [i, { name }] of parameters.entries()) {
      const [ours, theirs] = [found[`slope${i}`] as Float32Array, reference(`gradients/${name}`)];
      expect(distance(withoutKeyBias(name, ours), withoutKeyBias(name, theirs)), name).toBeLessThan(1e-4);
    }
    const proposed = await (await engine.compile(proposals)).run(inputsOf(proposals));
    expect(distance(proposed.objectness as Float32Array, reference("objectnessOf"))).toBeLessThan(1e-5);
    expect(distance(proposed.deltas as Float32Array, reference("deltasOf"))).toBeLessThan(1e-5);
  });
});

test("a region without an object counts for its class alone, and a row without weight for nothing", async () => {
  const detector = detectorInTraining(plain, batch, normalization, { ...sampling, dropPath: 0, boxBeta: 0 });
  const targets = drawTargets(plain);
  const start = { images, ...targets, ...Object.fromEntries(startOf(detector)) };
  const program = defineProgram("losses", { loss: detector.loss, ...detector.metrics });
  const executable = await openEngine({ threads: 1 }).compile(program);
  const run = async (changed: Partial<typeof targets>) => {
    const found = await executable.run({ ...start, ...changed });
    return Object.fromEntries(Object.entries(found).map(([name, value]) => [name, Number(value[0])]));
  };
  const whole = await run({});
  const background = targets.regionClass.indexOf(classes);
  const moved = Float32Array.from(targets.regionDeltas);
  moved.fill(9, 4 * background, 4 * background + 4);
  expect(await run({ regionDeltas: moved })).toEqual(whole);

  // A row that fills up an image: whatever it holds.
  const last = batch * sampling.regions - 1;
  const weight = Float32Array.from(targets.regionWeight);
  weight[last] = 0;
  const without = await run({ regionWeight: weight });
  const other = Int32Array.from(targets.regionClass);
  other[last] = (other[last]! + 1) % (classes + 1);
  expect(await run({ regionWeight: weight, regionClass: other })).toEqual(without);
  expect(without.classes).not.toBe(whole.classes);
});
