// The classifier against PyTorch: scores, the loss of mixed images with dropped branches, gradients, and five steps.

import { describe, expect, test } from "vitest";
import { openEngine } from "#src/engine/index.js";
import { input } from "#src/graph/index.js";
import { createClassScores } from "#src/heads/class-scores.js";
import { type ClassifierShape, classifier, fineTuned, trainingScores } from "#src/heads/classifier.js";
import { crossEntropy } from "#src/heads/cross-entropy.js";
import type { Pooling } from "#src/heads/features.js";
import { ownShares, softTargets } from "#src/heads/soft-labels.js";
import { drawBranchScales } from "#src/nn/drop-path.js";
import { ParameterScope } from "#src/nn/parameters.js";
import { createTraining } from "#src/optim/training.js";
import { randomStream } from "#src/random/index.js";
import { memoryOf, viewsOf } from "../engine/host-memory.js";
import { pytorchMissing, runPython } from "../pytorch.js";

const encoder = { imageSize: 16, patchSize: 4, width: 24, depth: 3, heads: 3, mlpRatio: 2 };
const normalization = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.3] } as const;
const [batch, classes, side] = [6, 5, 16];
const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.05 };
const [learningRate, layerDecay, steps] = [1e-3, 0.65, 5];

function randomWeights(shape: ClassifierShape) {
  const scope = new ParameterScope();
  classifier(scope, shape);
  return new Map(
    scope.parameters.map(({ name, tensor, initialize }) => {
      const stream = randomStream(3, name, 0, 0);
      // Biases, norms and the tiny head start away from their neutral values, so that nothing hides behind them.
      const data = initialize(tensor.shape, stream).map((value) => value + 0.05 * stream.normal());
      return [name, { shape: tensor.shape, data }] as const;
    }),
  );
}

function randomBytes(name: string): Uint8Array {
  const stream = randomStream(3, name, 0, 0);
  return Uint8Array.from({ length: batch * side * side * 3 }, () => stream.integer(256));
}

/** [batch, side, side, 3] to normalised [batch, 3, side, side]. */
function planar(pixels: Uint8Array): Float32Array {
  const area = side * side;
  return Float32Array.from(pixels, (_, place) => {
    const [image, channel, pixel] = [Math.floor(place / (3 * area)), Math.floor(place / area) % 3, place % area];
    const value = pixels[(image * area + pixel) * 3 + channel]! / 255;
    return (value - normalization.mean[channel]!) / normalization.std[channel]!;
  });
}

const distance = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  expect(a.length).toBe(b.length);
  const total = Array.from(b, (value) => value * value).reduce((sum, value) => sum + value, 0);
  const gap = Array.from(b, (value, i) => (a[i]! - value) ** 2).reduce((sum, value) => sum + value, 0);
  return Math.sqrt(gap / total);
};

/** The key third of qkv biases has no gradient in theory and rounding noise in practice, which AdamW scales up. */
const withoutKeyBias = (name: string, values: ArrayLike<number>) =>
  Array.from(values).filter((_, i) => !name.endsWith("qkv.bias") || Math.floor((3 * i) / values.length) !== 1);

describe.skipIf(pytorchMissing !== undefined)(`parity${pytorchMissing ? ` (${pytorchMissing})` : ""}`, () => {
  test.each<Pooling>(["mean", "cls"])("with PyTorch, pooling %s", async (pooling) => {
    const shape: ClassifierShape = { encoder, classes, pooling };
    const weights = randomWeights(shape);
    const [images, partners] = [randomBytes("images"), randomBytes("partners")];
    const box = { top: 3, bottom: 11, left: 5, right: 16 };
    const share = 1 - (8 * 11) / side ** 2;
    const own = ownShares({ share, box }, side).map((value) => 0.9 * value + 0.05);
    const shares = Float32Array.from({ length: batch * side * side }, (_, i) => own[i % (side * side)]!);
    const targets = softTargets([0, 1, 2, 3, 4, 0], [4, 4, 1, 0, 2, 3], share, classes, 0.1);
    const branchScales = Float32Array.from(
      Array.from({ length: batch }, (_, image) => [
        ...drawBranchScales(randomStream(5, "drop", 0, image), 3, 0.6),
      ]).flat(),
    );

    const expected = runPython(
      "test/reference/finetune.py",
      [
        ...[...weights].map(([name, tensor]) => ({ name: `parameters/${name}`, dtype: "F32" as const, ...tensor })),
        { name: "images", dtype: "F32", shape: [batch, 3, side, side], data: planar(images) },
        { name: "partners", dtype: "F32", shape: [batch, 3, side, side], data: planar(partners) },
        { name: "shares", dtype: "F32", shape: [batch, 1, side, side], data: shares },
        { name: "targets", dtype: "F32", shape: [batch, classes], data: targets },
        { name: "branchScales", dtype: "F32", shape: [batch, 3, 2], data: branchScales },
      ],
      { ...encoder, ...optimizer, pooling, steps, layerDecay, learningRate },
    );
    const reference = (name: string) => expected.get(name)!.data as Float64Array;

    const program = await createClassScores({ shape, normalization, weights }, openEngine({ threads: 1 }));
    expect(distance((await program.run(images)).scores, reference("scores"))).toBeLessThan(1e-5);

    const scope = new ParameterScope();
    const inputs = { mixed: true, dropPath: true };
    const scores = trainingScores(classifier(scope, shape), shape, batch, normalization, inputs);
    const training = await createTraining({
      name: "finetune",
      loss: crossEntropy(scores, input("targets", [batch, classes])),
      parameters: fineTuned(scope.parameters, encoder.depth, layerDecay),
      optimizer,
      engine: openEngine({ threads: 1 }),
    });
    for (const [name, { data }] of weights) await training.values[name]!.write(data);
    const given = { images, partners, shares, targets, branchScales };
    for (let step = 1; step <= steps; step++) {
      const result = await training.step(given, { step, learningRate });
      if (step > 1) continue;
      expect(distance([result.loss], reference("loss"))).toBeLessThan(1e-5);
      const gradients = viewsOf(training.state.gradients);
      for (const name of weights.keys()) {
        const [ours, theirs] = [gradients[name]!, reference(`gradients/${name}`)];
        expect(distance(withoutKeyBias(name, ours), withoutKeyBias(name, theirs)), name).toBeLessThan(1e-4);
      }
    }
    for (const name of weights.keys()) {
      const [ours, theirs] = [memoryOf(training.values[name]), reference(`after/${name}`)];
      expect(distance(withoutKeyBias(name, ours), withoutKeyBias(name, theirs)), `${name} after`).toBeLessThan(1e-4);
    }
  });
});

test("the head starts so small that all classes score alike, and no encoder norm comes before the mean", () => {
  const scope = new ParameterScope();
  classifier(scope, { encoder, classes, pooling: "mean" });
  const names = scope.parameters.map(({ name }) => name);
  expect(names.filter((name) => /^(fc_)?norm\./.test(name))).toEqual(["fc_norm.weight", "fc_norm.bias"]);
  const head = scope.parameters.find(({ name }) => name === "head.weight")!;
  const values = head.initialize(head.tensor.shape, randomStream(0, "head", 0, 0));
  expect(Math.max(...values.map(Math.abs))).toBeLessThan(1e-4);
  expect(Math.max(...values.map(Math.abs))).toBeGreaterThan(0);
});
