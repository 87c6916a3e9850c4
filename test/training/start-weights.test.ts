// New runs from the weights of others: what they take, what they say of it, and that they need the weights only once.
import { readFileSync, renameSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { layerFromAssignments, type PretrainConfig, resolveConfig } from "#src/config/config.js";
import { ConfigError } from "#src/config/errors.js";
import type { SafetensorsEntry } from "#src/formats/safetensors.js";
import { resamplePositions } from "#src/nn/resample-positions.js";
import { writeCheckpoint } from "#src/training/checkpoint-file.js";
import type { Checkpoint } from "#src/training/checkpoint-format.js";
import { CheckpointStore } from "#src/training/checkpoints.js";
import type { RunEvent, WeightsHappening } from "#src/training/events.js";
import { pretrain, reconstruct, resume, withWeightsLayer } from "#src/training/index.js";
import { readConfigFile, readRunConfig } from "#src/training/run-config.js";
import {
  expectSameMetrics,
  readMetrics,
  recordOptions,
  sharedFolder,
  tinyConfig,
  tinyDistillationConfig,
  writeImages,
} from "./tiny-run.js";

const at = sharedFolder();
const source = at("images");
const first = at("first");

beforeAll(async () => {
  await writeImages(source);
  await pretrain(tinyConfig(source, "method=mae", "schedule.steps=3"), first, recordOptions());
});

/** A short run whose checkpoints are all kept. */
async function startedAt(name: string, config: PretrainConfig) {
  const options = recordOptions();
  await pretrain(config, at(name), options);
  return { folder: at(name), lines: options.lines, report: reportOf(options.events)! };
}

function reportOf(events: readonly RunEvent[]): WeightsHappening | undefined {
  return events.find((event) => event.type === "weights");
}

function checkpointOf(folder: string, step: number): Promise<Checkpoint> {
  return new CheckpointStore(`${folder}/checkpoints`, { keep: 9, milestoneEvery: 0 }).read(step);
}

function values(checkpoint: Checkpoint, name: string): Float32Array {
  return checkpoint.tensors.get(name)!.data as Float32Array;
}

const short = ["schedule.steps=1", "run.keep=9", `weights=${first}`];

describe("a run from weights", () => {
  test("of the same method begins where they ended, with new moments", async () => {
    const { folder, report } = await startedAt("again", tinyConfig(source, "method=mae", ...short));
    const [before, after] = [await checkpointOf(first, 3), await checkpointOf(folder, 0)];
    for (const name of before.tensors.keys()) {
      if (name.startsWith("optimizer.")) expect(values(after, name).every((value) => value === 0)).toBe(true);
      else expect(values(after, name), name).toEqual(values(before, name));
    }
    expect(report).toMatchObject({ path: first, resized: [], initialised: [], leftOut: [] });
    expect(report.matched).toContain("decoder_pos_embed");
    // The first step of the new run is the fourth of the old one, but for the images and what is drawn for them.
    expect(readMetrics(folder)).toHaveLength(1);
  });

  test("of another method takes the encoder, and the teacher starts as the student", async () => {
    const config = tinyDistillationConfig("ibot", source, ...short);
    const { folder, report, lines } = await startedAt("taught", config);
    const [before, after] = [await checkpointOf(first, 3), await checkpointOf(folder, 0)];
    for (const name of ["cls_token", "pos_embed", "blocks.1.attn.qkv.weight"]) {
      expect(values(after, name), name).toEqual(values(before, name));
    }
    expect(values(after, "teacher.blocks.1.mlp.fc1.weight")).toEqual(values(before, "blocks.1.mlp.fc1.weight"));
    expect(report.initialised).toContain("head.mlp.0.weight");
    expect(report.leftOut).toContain("decoder_pred.weight");
    expect(report.leftOut).toContain("mask_token");
    const text = lines.join("\n");
    expect(text).toContain(`Starts from the weights of ${first} (${report.fingerprint})`);
    expect(text).toMatch(/initialised {2}masked_embed, head \(\d+ tensors\), which the weights do not have/);
    expect(text).toMatch(/left out {5}.*decoder_blocks \(12 tensors\)/);
  });

  test("of another decoder takes none of it", async () => {
    const config = tinyConfig(source, "method=mae", ...short, "model.decoderDepth=2");
    const { folder, report } = await startedAt("deeper", config);
    expect(report.initialised).toContain("decoder_blocks.0.attn.qkv.weight");
    expect(report.leftOut).toContain("decoder_blocks.0.attn.qkv.weight");
    expect(values(await checkpointOf(folder, 0), "mask_token")).not.toEqual(
      values(await checkpointOf(first, 3), "mask_token"),
    );
  });

  test("for images of another size has its positions resampled, draws with them, and goes on with them", async () => {
    const assignments = ["method=mae", `weights=${first}`, "run.keep=9", "model.imageSize=[24,32]", "schedule.steps=4"];
    const config = tinyConfig(source, ...assignments, "run.checkpointEvery=1");
    const { report } = await startedAt("large", config);
    expect(report.resized).toEqual(["pos_embed", "decoder_pos_embed"]);
    const [before, after] = [await checkpointOf(first, 3), await checkpointOf(at("large"), 4)];
    const resampled = (name: string, width: number) =>
      resamplePositions(values(before, name), { rows: 4, columns: 4 }, { rows: 6, columns: 8 }, width);
    expect(values(after, "pos_embed")).toEqual(resampled("pos_embed", 16));
    expect(values(after, "decoder_pos_embed")).toEqual(resampled("decoder_pos_embed", 8));
    await pretrain(config, at("halves"), recordOptions(2));
    await resume(at("halves"), recordOptions());
    expectSameMetrics(readMetrics(at("halves")), readMetrics(at("large")));
    expect((await reconstruct(at("large"), [`${source}/000.png`], at("large.png"))).step).toBe(4);
  });

  test.each(["mae", "ibot"] as const)("computes with their positions: %s", async (method) => {
    const checkpoint = await checkpointOf(first, 3);
    const tensors = [...checkpoint.tensors.values()].map((tensor) =>
      tensor.name === "pos_embed" ? { ...tensor, data: (tensor.data as Float32Array).map(() => 0) } : tensor,
    );
    const without = at(`${method}-zeros.safetensors`);
    await writeCheckpoint(without, { ...checkpoint, tensors: tensors as SafetensorsEntry[] });
    const lossFrom = async (name: string, weights: string) => {
      const keys = [...short, `weights=${weights}`];
      const config =
        method === "mae" ? tinyConfig(source, "method=mae", ...keys) : tinyDistillationConfig(method, source, ...keys);
      const { folder } = await startedAt(`${method}-${name}`, config);
      return readMetrics(folder)[0]!.loss;
    };
    const [known, same, other] = [
      await lossFrom("known", first),
      await lossFrom("same", `${first}/checkpoints/step-00000003.safetensors`),
      await lossFrom("other", without),
    ];
    expect(same).toBe(known);
    expect(other).not.toBe(known);
  });

  test("says so in its log, its events and its configuration", async () => {
    const { folder, report } = await startedAt("told", tinyConfig(source, "method=mae", ...short));
    expect(readConfigFile(folder)).toMatchObject({ weights: { path: first, fingerprint: report.fingerprint } });
    expect(readFileSync(`${folder}/log.txt`, "utf8")).toContain(`info Starts from the weights of ${first}`);
    const events = readFileSync(`${folder}/events.jsonl`, "utf8").trim().split("\n");
    const kept = events.map((line) => JSON.parse(line)).find(({ type }) => type === "weights");
    expect(kept).toEqual(report);
  });
});

test("a run goes on without the weights that it began with, exactly", async () => {
  await pretrain(tinyConfig(source, "method=mae", "schedule.steps=2"), at("lent"), recordOptions());
  const config = tinyConfig(source, `weights=${at("lent")}`);
  await pretrain(config, at("whole"), recordOptions());
  await pretrain(config, at("stopped"), recordOptions(0)).catch(() => {});
  renameSync(at("lent"), at("gone"));
  await resume(at("stopped"), recordOptions(3));
  await resume(at("stopped"), recordOptions());
  expectSameMetrics(readMetrics(at("stopped")), readMetrics(at("whole")));
});

test("a run that could not start has not begun: the same command can be called again", async () => {
  const nowhere = tinyConfig(source, "method=mae", ...short, `evaluation.source=${at("nowhere")}`);
  await expect(pretrain(nowhere, at("retried"), recordOptions())).rejects.toThrow("evaluation.source");
  await pretrain(tinyConfig(source, "method=mae", ...short), at("retried"), recordOptions());
  expect(readMetrics(at("retried"))).toHaveLength(1);
});

describe("the configuration", () => {
  test("takes model and normalisation from the weights where nobody sets others", async () => {
    const layers = [layerFromAssignments([`source=${source}`, `weights=${first}`, "data.mean=[0.5,0.5,0.5]"])];
    const { model, data, method, weights } = resolveConfig(await withWeightsLayer(layers));
    expect(model).toMatchObject({ preset: "nano", imageSize: 16, width: 16, depth: 2, heads: 2, decoderWidth: 8 });
    expect(data).toMatchObject({ mean: [0.5, 0.5, 0.5], std: [0.229, 0.224, 0.225] });
    expect([method, weights]).toEqual(["mixedae", first]);
  });

  test("that names none is as it was", async () => {
    const layers = [layerFromAssignments([`source=${source}`])];
    expect(await withWeightsLayer(layers)).toBe(layers);
    expect(resolveConfig(layers).weights).toBe(null);
  });

  test("with another encoder is refused before there is a run, with each key", async () => {
    const config = tinyConfig(source, ...short, "model.width=32", "model.heads=4");
    const failure = await pretrain(config, at("wide"), recordOptions()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigError);
    expect((failure as Error).message).toContain(
      `model.width: expected 16, as in the weights of ${first}, step 3; found 32`,
    );
    expect((failure as Error).message).toContain("model.heads: expected 2");
    expect(() => readConfigFile(at("wide"))).toThrow("is not a run");
  });

  test("of other channels is refused in words, whatever else follows from the channels", async () => {
    const layers = [layerFromAssignments([`source=${source}`, `weights=${first}`, "model.channels=1"])];
    const config = resolveConfig(await withWeightsLayer(layers));
    expect(config.data).toMatchObject({ normalization: "measured", mean: [0] });
    await expect(pretrain(config, at("grey-of-colour"), recordOptions())).rejects.toThrow(
      `model.channels: expected 3, as in the weights of ${first}, step 3; found 1`,
    );
    expect(() => readConfigFile(at("grey-of-colour"))).toThrow("is not a run");
  });

  test("takes channels from the weights, and measures where that is wished for", async () => {
    const grey = at("grey");
    await pretrain(tinyConfig(source, "method=mae", "schedule.steps=1", "model.channels=1"), grey, recordOptions());
    const config = async (...assignments: string[]) => {
      const layers = [
        layerFromAssignments([`source=${source}`, `weights=${grey}`, "schedule.steps=1", ...assignments]),
      ];
      return resolveConfig(await withWeightsLayer(layers));
    };
    const { model, data } = await config();
    expect(model.channels).toBe(1);
    expect(data).toEqual({ ...data, mean: readRunConfig(grey).data.mean, std: readRunConfig(grey).data.std });
    expect(data.normalization).toBeUndefined();

    const small = ["schedule.batchSize=4", "schedule.microBatch=4", "data.workers=1", "run.threads=1"];
    const options = recordOptions();
    await pretrain(await config("data.normalization=measured", ...small), at("grey-again"), options);
    expect(reportOf(options.events)!.matched).toContain("patch_embed.proj.weight");
    const kept = readRunConfig(at("grey-again"));
    // The same images at the same size: the same numbers, beside the weights' fingerprint.
    expect(kept.data.mean).toEqual(data.mean);
    expect(kept.weights).toMatchObject({ path: grey, fingerprint: expect.stringMatching(/^crc32:/) });
  });

  test("with a fingerprint refuses weights that have changed since", async () => {
    const weights = { path: first, fingerprint: "crc32:00000000" };
    const config = { ...tinyConfig(source, "method=mae"), weights };
    await expect(pretrain(config, at("other"), recordOptions())).rejects.toThrow(
      /found crc32:[0-9a-f]{8}: they have changed/,
    );
  });
});
