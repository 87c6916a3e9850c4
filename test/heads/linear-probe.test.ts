// The linear probe: the optimum that scikit-learn finds, MAE's protocol on a small set, and batch normalisation.

import { describe, expect, test } from "vitest";
import { openEngine } from "#src/engine/index.js";
import { classificationResult } from "#src/heads/classification-metrics.js";
import { type LabelledFeatures, probeDefaults, shuffled, trainLinearProbe } from "#src/heads/linear-probe.js";
import { distance } from "../nn/evaluate.js";
import { runPython } from "../pytorch.js";
import { labelledClouds } from "./labelled-clouds.js";
import { scikitLearnMissing } from "./scikit-learn.js";

const reference = new URL("../reference/classifiers.py", import.meta.url).pathname;
const engine = openEngine({ threads: 1 });
const [width, classes, count] = [6, 3, 240];
const training = labelledClouds(count, width, classes, 2);
const queries = labelledClouds(60, width, classes, 3);

function softmaxRows(scores: Float32Array): number[] {
  return [...scores].map((score, i) => {
    const first = Math.floor(i / classes) * classes;
    const row = scores.subarray(first, first + classes);
    return Math.exp(score) / row.reduce((sum, each) => sum + Math.exp(each), 0);
  });
}

async function train(
  options: Partial<Parameters<typeof trainLinearProbe>[0]["options"]>,
  set: LabelledFeatures = training,
) {
  const losses: number[] = [];
  const probe = await trainLinearProbe({
    width,
    classes,
    images: set.labels.length,
    seed: 0,
    options: { ...probeDefaults, batchSize: set.labels.length, ...options },
    engine,
    epoch: shuffled(set, width, 0),
    onEpoch: (_, loss) => losses.push(loss),
  });
  return { probe, losses };
}

describe.skipIf(scikitLearnMissing !== undefined)(
  `scikit-learn${scikitLearnMissing ? ` (${scikitLearnMissing})` : ""}`,
  () => {
    const wanted = () =>
      runPython(
        reference,
        [
          { name: "features", dtype: "F32", shape: [count, width], data: training.features },
          { name: "labels", dtype: "I32", shape: [count], data: training.labels },
          { name: "queries", dtype: "F32", shape: [60, width], data: queries.features },
        ],
        { k: 5 },
      );

    test("run to the end, plain momentum and LARS both reach the optimum of logistic regression", async () => {
      const reached = wanted();
      const optimum = (reached.get("loss")!.data as Float64Array)[0]!;
      // Whole batches: their moments are those of the set, which the reference normalises by.
      const sgd = await train({ epochs: 1500, warmupEpochs: 0, baseLearningRate: 0.5, trustCoefficient: 0 });
      expect(sgd.losses.at(-1)).toBeCloseTo(optimum, 6);
      const probabilities = softmaxRows(await sgd.probe.predict(queries.features));
      // Running variance is the unbiased one, larger by 1 in 240.
      expect(distance(probabilities, reached.get("probabilities")!.data as Float64Array)).toBeLessThan(5e-3);
      const lars = await train({ epochs: 3000, warmupEpochs: 300, baseLearningRate: 1 });
      expect(lars.losses.at(-1)! - optimum).toBeLessThan(1e-3);
      expect(lars.losses.at(-1)! - optimum).toBeGreaterThan(-1e-6);
    });
  },
);

test("learns in batches, in an order that the seed fixes, and leaves a rest out", async () => {
  const options = { epochs: 60, warmupEpochs: 5, batchSize: 50, baseLearningRate: 5 };
  const [first, again] = [await train(options), await train(options)];
  expect(again.losses).toEqual(first.losses);
  expect(first.losses.at(-1)).toBeLessThan(first.losses[0]!);
  const scores = await first.probe.predict(queries.features);
  expect(classificationResult(scores, queries.labels, ["a", "b", "c"]).top1).toBeGreaterThan(0.45);
});

test("normalises by running moments of the batches at the end, as PyTorch keeps them", async () => {
  const set: LabelledFeatures = {
    features: Float32Array.from(
      { length: 12 * width },
      (_, i) => (i % width) + (Math.floor(i / width) % 2 === 0 ? 2 : -2),
    ),
    labels: Int32Array.from({ length: 12 }, (_, row) => row % classes),
  };
  const { probe } = await train({ epochs: 3, warmupEpochs: 0 }, set);
  // The mean of a channel is its number; its deviation is 2 around that.
  for (let channel = 0; channel < width; channel++) {
    expect(probe.mean[channel]).toBeCloseTo(channel, 5);
    expect(probe.variance[channel]).toBeCloseTo(48 / 11, 5);
  }
  const scores = await probe.predict(set.features);
  const by = (row: number, label: number) =>
    probe.weight
      .subarray(label * width, (label + 1) * width)
      .reduce(
        (sum, w, i) =>
          sum + (w * (set.features[row * width + i]! - probe.mean[i]!)) / Math.sqrt(probe.variance[i]! + 1e-6),
        0,
      ) + probe.bias[label]!;
  for (const [row, label] of [
    [0, 0],
    [11, 2],
    [5, 1],
  ] as const) {
    expect(scores[row * classes + label]).toBeCloseTo(by(row, label), 5);
  }
});
