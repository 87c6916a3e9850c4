// Features that evaluations of one encoder share: each image computed once, each request answered as if alone.

import { beforeAll, expect, test, vi } from "vitest";
import { openEngine } from "#src/engine/index.js";
import { openLabelledSets } from "#src/evaluations/labelled-sets.js";
import { openModel } from "#src/evaluations/model.js";
import { type FeaturesOf, featuresOf } from "#src/evaluations/set-features.js";
import { createFeatureExtractor } from "#src/heads/features.js";
import { cachedFeatures } from "#src/study/feature-cache.js";
import { writeFiles } from "../data/image-files.js";
import { sharedFolder, silentProgress, writeColours, writeTinyCheckpoint } from "../evaluations/tiny-sets.js";

const at = sharedFolder();

beforeAll(async () => {
  await writeTinyCheckpoint(at("first.safetensors"));
  await writeTinyCheckpoint(at("second.safetensors"), { seed: 8 });
  await writeColours(at("train"), 8);
  await writeColours(at("test"), 2, 1);
  await writeFiles(at("train"), { "blue/broken.png": "no image" });
});

async function request(checkpoint: string, labelsFraction: number, features: FeaturesOf) {
  const { train } = await openLabelledSets({ train: at("train"), test: at("test"), labelsFraction, seed: 3 });
  const model = await openModel({ from: at(checkpoint) });
  const extractor = await createFeatureExtractor(model, openEngine({ threads: 1 }));
  const extract = vi.spyOn(extractor, "extract");
  const found = await features(train, "training", model, extractor, silentProgress());
  const computed = extract.mock.calls.reduce((sum, [pixels]) => sum + pixels.length / (8 * 8 * 3), 0);
  return { found, computed };
}

test("computes what no request had before, and answers as without a cache", async () => {
  const cached = cachedFeatures();
  const few = await request("first.safetensors", 0.25, cached);
  expect(few.computed).toBe(few.found.labels.length);
  const all = await request("first.safetensors", 1, cached);
  expect(all.computed + few.computed).toBe(24);
  for (const fraction of [0.25, 0.5, 1]) {
    const { found, computed } = await request("first.safetensors", fraction, cached);
    expect(computed).toBe(0);
    expect(found).toEqual((await request("first.safetensors", fraction, featuresOf)).found);
  }
  expect(all.found.skipped).toEqual(["blue/broken.png"]);
});

test("keeps encoders apart", async () => {
  const cached = cachedFeatures();
  const first = await request("first.safetensors", 0.5, cached);
  const second = await request("second.safetensors", 0.5, cached);
  expect(second.computed).toBe(first.computed);
  expect(second.found.features.mean).not.toEqual(first.found.features.mean);
});
