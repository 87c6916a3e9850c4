// Weights are loaded from runs and from checkpoint files, and only where they fit the model that is described.
import { mkdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { resolveConfig } from "#src/config/config.js";
import { writeCheckpoint } from "#src/training/checkpoint-file.js";
import { describeModel, parseModelDescription } from "#src/training/model-description.js";
import { loadPretrained } from "#src/training/pretrained.js";
import { RunDirectory } from "#src/training/run-directory.js";
import { temporaryFolder } from "../files/temporary-folder.js";
import { checkpointEntries, tinyConfig, tinyModel } from "./tiny-run.js";

const temporary = temporaryFolder();

async function writeRun(steps: readonly number[]): Promise<string> {
  const folder = temporary("run");
  const run = await RunDirectory.create(folder, tinyConfig);
  for (const step of steps) {
    const metadata = { config: JSON.stringify(tinyConfig) };
    await run.saveCheckpoint({ step, tensors: checkpointEntries(step), metadata });
  }
  run.close();
  return folder;
}

describe("loadPretrained", () => {
  test("takes a run's newest checkpoint, without optimizer state", async () => {
    const folder = await writeRun([1, 2]);
    const model = await loadPretrained(folder);
    expect(model).toMatchObject({
      shape: { imageSize: 8, patchSize: 4, width: 8, depth: 1, heads: 2, mlpRatio: 2 },
      decoder: { decoderWidth: 8, decoderDepth: 1, decoderHeads: 2 },
      normalization: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
      background: [255, 255, 255],
      pretext: { maskRatio: 0.5, normPixels: true },
      origin: `${folder}, step 2`,
    });
    expect([...model.tensors.keys()].filter((name) => name.startsWith("optimizer."))).toEqual([]);
    expect(model.tensors.get("pos_embed")!.shape).toEqual([1, 5, 8]);
    expect(model.tensors.get("segment_embed")!.shape).toEqual([2, 8]);
    expect(model.tensors.get("norm.weight")!.data[0]).toBe(2);
  });

  test("takes one checkpoint file of a run", async () => {
    await writeRun([3]);
    const path = temporary("run", "checkpoints", "step-00000003.safetensors");
    expect(await loadPretrained(path)).toMatchObject({ origin: `${path}, step 3` });
  });

  test("says what is missing of a run", async () => {
    await expect(loadPretrained(await writeRun([]))).rejects.toThrow("has no checkpoint yet");
    await expect(loadPretrained(temporary("none"))).rejects.toThrow("Cannot read");
    mkdirSync(temporary("folder"));
    await expect(loadPretrained(temporary("folder"))).rejects.toThrow("is not a run");
  });

  const entries = checkpointEntries(0).filter(({ name }) => !name.startsWith("optimizer."));
  const describe_ = (change: object) => JSON.stringify({ ...JSON.parse(describeModel(tinyModel)), ...change });
  test.each<[string, Parameters<typeof writeCheckpoint>[1], string]>([
    ["a model without a description", { step: 0, tensors: entries, metadata: {} }, "does not say which model"],
    ["a description that is no JSON", { step: 0, tensors: entries, metadata: { model: "{" } }, "not valid JSON"],
    ["a description without a shape", { step: 0, tensors: entries, metadata: { model: "{}" } }, "shape"],
    [
      "a missing tensor",
      {
        step: 0,
        tensors: entries.filter(({ name }) => name !== "blocks.0.mlp.fc2.bias"),
        metadata: { model: describe_({}) },
      },
      "it has no tensor blocks.0.mlp.fc2.bias",
    ],
    [
      "a tensor of another shape",
      {
        step: 0,
        tensors: entries.map((entry) => (entry.name === "norm.bias" ? { ...entry, shape: [2, 4] } : entry)),
        metadata: { model: describe_({}) },
      },
      "expected norm.bias to have the shape [8]; found [2, 4]",
    ],
    [
      "an unknown tensor",
      {
        step: 0,
        tensors: [...entries, { name: "rope", dtype: "F32", shape: [1], data: new Float32Array(1) }],
        metadata: { model: describe_({}) },
      },
      "it has a tensor rope, which no model here has",
    ],
    [
      "another dtype",
      {
        step: 0,
        tensors: [...entries, { name: "segment", dtype: "F16", shape: [1], data: new Uint16Array(1) }],
        metadata: { model: describe_({}) },
      },
      "expected segment to be F32; found F16",
    ],
    [
      "a decoder that is not there",
      {
        step: 0,
        tensors: entries.filter(({ name }) => !/decoder|mask/.test(name)),
        metadata: { model: describe_({}) },
      },
      "it has no tensor decoder_pos_embed",
    ],
    [
      "an absurd image size, without taking the memory for it",
      {
        step: 0,
        tensors: entries,
        metadata: { model: describe_({ shape: { ...tinyModel.shape, imageSize: 4_000_000 } }) },
      },
      "shape.imageSize: Too big",
    ],
    [
      "another image size",
      {
        step: 0,
        tensors: entries,
        metadata: { model: describe_({ shape: { ...tinyModel.shape, imageSize: 16 * tinyModel.shape.patchSize } }) },
      },
      "expected pos_embed to have the shape",
    ],
  ])("refuses %s", async (_, contents, words) => {
    const path = temporary("x.safetensors");
    await writeCheckpoint(path, contents);
    await expect(loadPretrained(path)).rejects.toThrow(words);
  });

  test("an encoder alone needs no decoder", async () => {
    const path = temporary("x.safetensors");
    const tensors = entries.filter(({ name }) => !/decoder|mask/.test(name));
    await writeCheckpoint(path, { step: 0, tensors, metadata: { model: describe_({ decoder: null }) } });
    expect((await loadPretrained(path)).decoder).toBe(undefined);
  });

  test.each([
    { patchSize: 3 },
    { heads: 3 },
    { width: 6 },
    { mlpRatio: 0.3 },
    { depth: 0 },
    { imageSize: -8 },
    { imageSize: 2 ** 20, patchSize: 1 },
    { imageSize: 8192, patchSize: 16 },
    { width: 2 ** 40 },
    { mlpRatio: 1e9 },
    { other: 1 },
  ])("a description with %j is none", (change) => {
    const text = describe_({ shape: { ...tinyModel.shape, ...change } });
    expect(parseModelDescription(text)).toMatch(/^its description of the model is not valid: shape/);
  });

  test("a description comes back as it was", () => {
    expect(parseModelDescription(describeModel(tinyModel))).toEqual(tinyModel);
  });

  test("the configuration of the tiny run is one that pretrain takes", () => {
    expect(resolveConfig([{ origin: "test", values: { ...tinyConfig } }]).model).toEqual(tinyConfig.model);
  });
});
