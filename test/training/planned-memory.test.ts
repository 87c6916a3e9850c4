// Planned memory is that of the training that would be made, and what is out of proportion is refused before it is made.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { layerFromAssignments, type PretrainConfig, resolveConfig } from "#src/config/config.js";
import { countParameters } from "#src/config/model-size.js";
import { openSource, planBatchMemory } from "#src/data/index.js";
import { methodNames, methodOf } from "#src/methods/registry.js";
import { modelPresetNames } from "#src/nn/presets.js";
import { deriveSchedule } from "#src/training/derived.js";
import { MemoryError } from "#src/training/errors.js";
import { pretrain, resume } from "#src/training/index.js";
import { createLearner } from "#src/training/learner.js";
import { plannedBytes } from "#src/training/memory-check.js";
import { bytesWithImages, planMemory } from "#src/training/planned-memory.js";
import { startProgram } from "./command-line.js";
import {
  readMetrics,
  recordOptions,
  sharedFolder,
  tinyConfig,
  tinyDistillationConfig,
  writeImages,
} from "./tiny-run.js";

const at = sharedFolder();
const source = at("images");
const none = { batchBytes: 0, imageBytes: 0 };
const free = (availableBytes: number) => ({
  enabled: true,
  switchOff: "run.memoryCheck=false",
  warn: () => {},
  availableBytes,
});

beforeAll(async () => {
  await writeImages(source);
});

const configOf = (...assignments: string[]) =>
  resolveConfig([layerFromAssignments(["source=/images", ...assignments])]);

describe("the number of parameters", () => {
  const small = modelPresetNames.filter((name) => name !== "huge");
  test.each(
    small.flatMap((preset) => methodNames.map((method) => [preset, method] as const)),
  )("of %s with %s is counted without making it", (preset, method) => {
    const config = configOf(`model.preset=${preset}`, `method=${method}`);
    const { parameters } = methodOf(config).pretext(config, 4);
    const real = parameters.reduce((sum, { tensor }) => sum + tensor.size, 0);
    expect(countParameters(config)).toBeLessThanOrEqual(real);
    expect(countParameters(config)).toBeGreaterThan(0.97 * real);
  });
});

describe("planMemory", () => {
  const configs: readonly (() => PretrainConfig)[] = [
    () => tinyConfig(source),
    () => tinyConfig(source, "schedule.microBatch=4", "method=mae"),
    () => tinyDistillationConfig("ibot", source),
    () => tinyDistillationConfig("dino", source),
  ];
  test.each(configs)("plans what the training then says it takes (%#)", async (configure) => {
    const config = configure();
    const parts = planMemory(config, none, free(2 ** 40));
    const length = { ...deriveSchedule(config, 40), stepsPerEpoch: 5 };
    const { training } = await createLearner(config, length);
    const ofTraining = parts.filter(({ name }) => /^(weights|computing)/.test(name));
    // The prototypes of a teacher, which are frozen at first, begin a chunk of their own in each of six buffers.
    const tolerance = methodOf(config).teacherPrefix === undefined ? 0 : 6 * 4 * 2 ** 16;
    expect(Math.abs(plannedBytes(ofTraining) - training.memoryBytes)).toBeLessThanOrEqual(tolerance);
    expect(bytesWithImages(parts, { inMemory: true, bytes: 1000, description: "" })).toBe(plannedBytes(parts) + 1000);
  });

  test("leaves no room for a model that does not fit, and takes no time to say so", () => {
    const config = configOf("model.preset=huge", "model.width=6144", "model.depth=48", "model.heads=48", "method=mae");
    const before = process.memoryUsage().rss;
    const began = performance.now();
    expect(() => planMemory(config, none, free(64 * 2 ** 30))).toThrow(MemoryError);
    expect(() => planMemory(config, none, free(64 * 2 ** 30))).toThrow(/21,\d+,\d+,\d+ parameters 325 GiB/);
    expect(performance.now() - began).toBeLessThan(5000);
    expect(process.memoryUsage().rss - before).toBeLessThan(256 * 2 ** 20);
  });

  test("counts images and batches", () => {
    const config = tinyConfig(source);
    const much = { batchBytes: 2 ** 30, imageBytes: 2 ** 31 };
    expect(() => planMemory(config, much, free(2 ** 31))).toThrow(
      /images kept decoded 2\.0 GiB, batches ahead 1\.0 GiB, .* Lower data\.memoryBudgetMiB, schedule\.batchSize/,
    );
    planMemory(config, much, { ...free(2 ** 31), enabled: false });
  });
});

test("images are planned up to the budget", async () => {
  const options = { source: await openSource(source), imageSize: 16, batchSize: 8, workers: 1 };
  const { batchBytes, imageBytes } = planBatchMemory(options);
  expect(batchBytes).toBe(4 * 8 * 16 * 16 * 3);
  expect(imageBytes).toBeGreaterThanOrEqual(40 * 16 * 16 * 3);
  expect(planBatchMemory({ ...options, memoryBudget: 1000 }).imageBytes).toBe(1000);
});

/** On no machine do a million images fit at once. */
const VAST = ["schedule.batchSize=1000000", "schedule.microBatch=1000000"] as const;

test("a run is refused before an image is read into memory or a program compiled", { timeout: 120_000 }, async () => {
  const args = ["pretrain", source, "--out", at("vast"), ...VAST.flatMap((each) => ["--set", each])];
  const { code, stderr } = await startProgram(args).ended;
  expect(stderr).toMatch(/^error: Expected a plan that fits .*computing 1,000,000 images of 32 pixels at once .* GiB/);
  expect(stderr).toContain("Lower schedule.microBatch, model.imageSize");
  expect(stderr).toContain("run.memoryCheck=false (for mixedae resume: --no-memory-check) skips this check");
  expect(code).toBe(1);
  expect(readdirSync(at("vast", "checkpoints"))).toEqual([]);
});

test("run.memoryCheck=false skips this check", async () => {
  const config = tinyConfig(source, ...VAST, "run.memoryCheck=false");
  // What refuses it now is that there are 40 images.
  await expect(pretrain(config, at("unchecked"), recordOptions())).rejects.toThrow("at least 1000000 images");
});

test("a run of a larger machine, of a time before there was a check, goes on here", async () => {
  const folder = at("moved");
  await pretrain(tinyConfig(source), folder, recordOptions(4));
  const path = at("moved", "config.json");
  const config = JSON.parse(readFileSync(path, "utf8")) as { run: Record<string, unknown> };
  delete config.run.memoryCheck;
  config.run.threads = 4096;
  writeFileSync(path, JSON.stringify(config));
  const hooks = recordOptions();
  const summary = await resume(folder, hooks);
  expect(summary).toMatchObject({ outcome: "finished", step: 10 });
  expect(hooks.lines.join("\n")).toContain("The run was started with 4096 threads");
  expect(readMetrics(folder)).toHaveLength(10);
});

test("a new run with threads for another machine is refused, and leaves no folder", async () => {
  const refused = pretrain(tinyConfig(source, "run.threads=4096"), at("threads"), recordOptions());
  await expect(refused).rejects.toThrow("run.threads: expected a whole number from 0 to");
  expect(existsSync(at("threads"))).toBe(false);
});
