// kNN and probe of a tiny encoder on colours: reports, pictures, label fractions, and that the encoder stays as it is.

import { readFileSync } from "node:fs";
import sharp from "sharp";
import { beforeAll, expect, test } from "vitest";
import { openEngine } from "#src/engine/index.js";
import {
  classTable,
  describeSets,
  evaluateKnn,
  evaluateProbe,
  openModel,
  writeReport,
} from "#src/evaluations/index.js";
import { createFeatureExtractor } from "#src/heads/features.js";
import { trainLinearProbe } from "#src/heads/linear-probe.js";
import { writeFiles } from "../data/image-files.js";
import { randomEncoder, randomPixels } from "../heads/random-encoder.js";
import { sharedFolder, silentProgress, tinyShape, writeColours, writeTinyCheckpoint } from "./tiny-sets.js";

const at = sharedFolder();
let [train, test_, from] = ["", "", ""];

beforeAll(async () => {
  train = await writeColours(at("train"), 20);
  test_ = await writeColours(at("test"), 7, 1);
  writeFiles(test_, { "red/broken.png": "broken" });
  from = await writeTinyCheckpoint(at("tiny.safetensors"));
});

test("kNN tells colours apart and reports it", async () => {
  const report = await evaluateKnn({ from, train, test: test_, labelsFraction: 0.5, threads: 1 }, silentProgress());
  expect(report.train).toEqual({ source: train, images: 30, skipped: [], labelsFraction: 0.5, seed: 0 });
  expect(report.test).toEqual({ source: test_, images: 21, skipped: ["red/broken.png"] });
  expect(report.scores.map(({ pooling, k }) => `${pooling} ${k}`)).toEqual([
    ...["mean 10", "mean 20", "mean 30", "cls 10", "cls 20", "cls 30"],
  ]);
  for (const { k, top1, top5 } of report.scores) {
    if (k <= 20) expect(top1).toBe(1);
    expect(top5).toBeNull();
  }
  expect(report.detail).toMatchObject({
    pooling: "mean",
    k: 20,
    top1: 1,
    confusion: [
      [7, 0, 0],
      [0, 7, 0],
      [0, 0, 7],
    ],
  });
  expect(describeSets(report)).toContain("21 test images of 3 classes; 30 labelled (50% of the labels)");
  expect(classTable(report.detail)[1]).toMatch(/blue +100.0% +7/);

  const picture = await writeReport(at("report.json"), report);
  expect(picture).toBe(at("report.png"));
  expect(JSON.parse(readFileSync(at("report.json"), "utf8"))).toEqual(report);
  expect((await sharp(readFileSync(picture)).metadata()).width).toBeGreaterThanOrEqual(480);
});

test.each([
  false,
  true,
])("the probe learns colours (with crops: %s) and leaves the encoder as it is", async (augment) => {
  const before = readFileSync(from);
  const sizes = augment ? { epochs: 150, baseLearningRate: 20 } : { epochs: 500, baseLearningRate: 1 };
  const request = {
    from,
    train,
    test: test_,
    pooling: "mean",
    augment,
    batchSize: 32,
    threads: 1,
    ...sizes,
  } as const;
  const report = await evaluateProbe(request, silentProgress());
  expect(report.detail.top1).toBeGreaterThan(0.9);
  expect(report.options).toMatchObject({ batchSize: 32, momentum: 0.9, weightDecay: 0 });
  expect(report.test.skipped).toEqual(["red/broken.png"]);
  expect(readFileSync(from).equals(before)).toBe(true);
});

test("a probe that computes features in every epoch changes no weight and no feature of the encoder", async () => {
  const encoder = randomEncoder(tinyShape);
  const before = new Map([...encoder.tensors].map(([name, { data }]) => [name, Float32Array.from(data)]));
  const extractor = await createFeatureExtractor(encoder, openEngine({ threads: 1 }));
  const pixels = randomPixels(12, 8);
  const first = await extractor.extract(pixels);
  const losses: number[] = [];
  await trainLinearProbe({
    ...{ width: 12, classes: 3, images: 12, seed: 0 },
    options: {
      epochs: 20,
      warmupEpochs: 0,
      batchSize: 12,
      baseLearningRate: 20,
      momentum: 0.9,
      weightDecay: 0,
      trustCoefficient: 0.01,
    },
    engine: openEngine({ threads: 1 }),
    async *epoch() {
      const { mean } = await extractor.extract(pixels);
      yield { features: mean, labels: Int32Array.from({ length: 12 }, (_, row) => row % 3) };
    },
    onEpoch: (_, loss) => losses.push(loss),
  });
  expect(losses.at(-1)).toBeLessThan(losses[0]!);
  for (const [name, { data }] of encoder.tensors) expect(data).toEqual(before.get(name));
  expect(await extractor.extract(pixels)).toEqual(first);
});

test("scratch has the sizes that it is asked for, of images that its patches fill", async () => {
  const sizes = { imageSize: 64, patchSize: 8 };
  const { shape, tensors } = await openModel({ from: "scratch", preset: "nano", ...sizes });
  expect(shape).toMatchObject({ width: 96, ...sizes });
  expect(tensors.get("pos_embed")!.shape).toEqual([1, 65, 96]);
  await expect(openModel({ from: "scratch", imageSize: 30 })).rejects.toThrow(
    /images of 30 x 30 pixels and patches of 4/,
  );
});

test("scratch is an encoder of its own, the same for the same seed", async () => {
  const [a, b, c] = [
    await openModel({ from: "scratch" }),
    await openModel({ from: "scratch" }),
    await openModel({ from: "scratch", modelSeed: 1 }),
  ];
  expect(a.origin).toBe("scratch (micro, seed 0)");
  const weight = "blocks.0.attn.qkv.weight";
  expect(a.tensors.get(weight)!.data).toEqual(b.tensors.get(weight)!.data);
  expect(a.tensors.get(weight)!.data).not.toEqual(c.tensors.get(weight)!.data);
});

test("sets without labels, or with other classes, are refused in plain words", async () => {
  const flat = at("train", "red");
  await expect(evaluateKnn({ from, train: flat, test: test_, threads: 1 }, silentProgress())).rejects.toThrow(
    /Expected labelled images at .*red, but found 20 image files/,
  );
  const other = await writeColours(at("other"), 1);
  writeFiles(other, { "violet/1.png": readFileSync(at("other", "red", "0.png")) });
  await expect(evaluateKnn({ from, train, test: other, threads: 1 }, silentProgress())).rejects.toThrow(
    /found other classes: violet/,
  );
});
