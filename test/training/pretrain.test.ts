// Whole runs: what they leave behind, and that their result is a function of configuration, images and seed alone.
import { readdirSync, readFileSync } from "node:fs";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { type PretrainConfig, resolveConfig } from "#src/config/config.js";
import { CheckpointStore } from "#src/training/checkpoints.js";
import { pretrain, resume } from "#src/training/index.js";
import { readRunConfig } from "#src/training/run-config.js";
import { expectSameMetrics, readMetrics, recordOptions, sharedFolder, tinyConfig, writeImages } from "./tiny-run.js";

const at = sharedFolder();
const source = at("images");

beforeAll(async () => {
  await writeImages(source);
  await pretrain(tinyConfig(source), at("whole"), recordOptions());
});

/** Runs a configuration in a new folder and returns its metrics. */
async function metricsOf(name: string, ...assignments: readonly string[]) {
  await pretrain(tinyConfig(source, ...assignments), at(name), recordOptions());
  return readMetrics(at(name));
}

describe("a run's folder", () => {
  test("holds configuration, metrics, checkpoints, pictures and a log, and no lock once it has ended", () => {
    expect(readdirSync(at("whole")).sort()).toEqual([
      "checkpoints",
      "config.json",
      "events.jsonl",
      "images.jsonl.gz",
      "log.txt",
      "metrics.jsonl",
      "pictures",
    ]);
    expect(readRunConfig(at("whole"))).toEqual(tinyConfig(source));
    expect(readdirSync(at("whole", "checkpoints"))).toEqual(["step-00000008.safetensors", "step-00000010.safetensors"]);
    expect(readdirSync(at("whole", "pictures"))).toEqual(["step-00000010.png"]);
    const log = readFileSync(at("whole", "log.txt"), "utf8").trim().split("\n");
    expect(log.map((line) => line.replace(/^\S+Z /, ""))).toEqual(["info started", "info finished after step 10"]);
  });

  test("has one line of metrics a step, with the fields of the method", () => {
    const metrics = readMetrics(at("whole"));
    expect(metrics.map(({ step, epoch }) => [step, epoch])).toEqual(
      Array.from({ length: 10 }, (_, index) => [index + 1, Math.floor(index / 5)]),
    );
    for (const line of metrics) {
      expect(Object.keys(line).sort()).toEqual(
        [
          ...["step", "epoch", "loss", "reconstruction", "contrastive", "topkPrecision", "featureSpread", "lr"],
          ...["gradientNorm", "imagesPerSecond", "stepSeconds", "dataWaitSeconds"],
        ].sort(),
      );
      for (const value of Object.values(line).flat()) expect(Number.isFinite(value)).toBe(true);
      const [loss, parts] = [line.loss as number, (line.reconstruction as number) + 0.1 * (line.contrastive as number)];
      expect(loss).toBeCloseTo(parts, 5);
    }
    // One step of warm-up from 0, then half a cosine from 1e-3.
    expect(metrics[0]!.lr).toBe(0);
    expect(metrics[1]!.lr).toBe(1e-3);
    expect(metrics[9]!.lr).toBeCloseTo(5e-4 * (1 + Math.cos((Math.PI * 8) / 9)), 9);
  });

  test("learns: the loss of the last steps is below that of the first", async () => {
    const metrics = await metricsOf("longer", "schedule.steps=60", "run.checkpointEvery=0", "method=mae");
    const mean = (lines: typeof metrics) => lines.reduce((sum, { loss }) => sum + (loss as number), 0) / lines.length;
    expect(mean(metrics.slice(-10))).toBeLessThan(0.95 * mean(metrics.slice(0, 10)));
    expect(Object.keys(metrics[0]!).sort()).toEqual(
      [
        ...["step", "epoch", "loss", "reconstruction", "featureSpread", "lr", "gradientNorm"],
        ...["imagesPerSecond", "stepSeconds", "dataWaitSeconds"],
      ].sort(),
    );
  });

  test("has checkpoints with parameters, moments, fixed positions and the configuration", async () => {
    const config = tinyConfig(source);
    const { checkpoint } = await new CheckpointStore(at("whole", "checkpoints"), config.run).loadNewest();
    const names = [...checkpoint!.tensors.keys()];
    const trained = names.filter((name) => names.includes(`optimizer.mean.${name}`));
    expect(trained).toContain("blocks.1.attn.qkv.weight");
    expect(trained).toContain("segment_embed");
    expect(names.sort()).toEqual(
      [
        ...trained,
        ...trained.map((name) => `optimizer.mean.${name}`),
        ...trained.map((name) => `optimizer.square.${name}`),
        "pos_embed",
        "decoder_pos_embed",
      ].sort(),
    );
    const positions = checkpoint!.tensors.get("pos_embed")!;
    expect(positions.shape).toEqual([1, 17, 16]);
    expect([...(positions.data as Float32Array).subarray(0, 16)]).toEqual(Array(16).fill(0));
    expect(JSON.parse(checkpoint!.metadata.config!)).toEqual(config);
    expect(checkpoint!.step).toBe(10);
  });

  test("gets a picture at every picturesEvery-th step and a checkpoint at each milestone", async () => {
    const extra = ["run.picturesEvery=3", "run.milestoneEvery=3", "run.keep=1", "run.checkpointEvery=0"];
    await metricsOf("sheets", ...extra);
    const steps = (folder: string) => readdirSync(at("sheets", folder)).map((name) => Number(/\d+/.exec(name)![0]));
    expect(steps("pictures")).toEqual([3, 6, 9, 10]);
    expect(steps("checkpoints")).toEqual([3, 6, 9, 10]);
    const { format, width } = await sharp(at("sheets", "pictures", "step-00000003.png")).metadata();
    expect([format, width! > 3 * 168]).toEqual(["png", true]);
  });

  test("is announced: every value that the run uses, given or derived", async () => {
    const hooks = recordOptions();
    await pretrain(tinyConfig(source, "schedule.steps=1", "schedule.microBatch=4"), at("announced"), hooks);
    const text = hooks.lines.join("\n");
    for (const expected of ["40 image", "2 micro-batches of 4", "1 step", "about"]) expect(text).toContain(expected);
    const announced = hooks.events.find((event) => event.type === "announced");
    const configuration = announced!.configuration.join("\n");
    for (const expected of ["seed=0", "temperature=0.25"]) {
      expect(configuration).toContain(expected);
      expect(text).not.toContain(expected);
    }
  });
});

describe("the result", () => {
  test("is the same for the same seed, to the last digit, and another for another", async () => {
    const whole = readMetrics(at("whole"));
    expectSameMetrics(await metricsOf("again"), whole, 0);
    const other = await metricsOf("seed", "seed=1");
    for (const [index, line] of whole.entries()) expect(other[index]!.loss).not.toBe(line.loss);
  });

  test("does not depend on the number of data workers, nor on where the images are held", async () => {
    const whole = readMetrics(at("whole"));
    expectSameMetrics(await metricsOf("workers", "data.workers=3"), whole, 0);
    expectSameMetrics(await metricsOf("streamed", "data.workers=2", "data.memoryBudgetMiB=0"), whole, 0);
  });

  test("hardly depends on the number of the engine's threads", async () => {
    expectSameMetrics(await metricsOf("threads", "run.threads=2"), readMetrics(at("whole")), 1e-4);
  });

  test.each(["mae", "mixing", "mixedae"])("%s: micro-batches give the update of the whole batch", async (method) => {
    const extra = [`method=${method}`, "schedule.batchSize=16", "schedule.steps=6", "run.checkpointEvery=0"];
    const whole = await metricsOf(`${method}-whole`, ...extra, "schedule.microBatch=16");
    const parts = await metricsOf(`${method}-parts`, ...extra, "schedule.microBatch=4");
    expectSameMetrics(parts, whole, 2e-4);
  });

  test("is the same with every switch of MixedAE turned over, after an interruption too", async () => {
    const extra = [
      ...["methodOptions.mode=full", "methodOptions.projectionHead=true", "methodOptions.segmentEmbedding=false"],
      ...["methodOptions.decoderSegmentEmbedding=true", "methodOptions.homologousFrom=0", "schedule.microBatch=4"],
    ];
    const whole = await metricsOf("switches", ...extra);
    expect(whole[0]!.topkPrecision).toHaveLength(2);
    await pretrain(tinyConfig(source, ...extra), at("switches-stopped"), recordOptions(3));
    await resume(at("switches-stopped"), recordOptions());
    expectSameMetrics(readMetrics(at("switches-stopped")), whole);
  });
});

describe("stopping and resuming", () => {
  test("a run that was stopped twice has the metrics of one that was not", async () => {
    const first = await pretrain(tinyConfig(source), at("stopped"), recordOptions(3));
    expect(first).toMatchObject({ outcome: "stopped", step: 3, totalSteps: 10, images: 24 });
    expect(first.checkpoint).toBe(at("stopped", "checkpoints", "step-00000003.safetensors"));
    const second = await resume(at("stopped"), recordOptions(4));
    expect(second).toMatchObject({ outcome: "stopped", step: 7 });
    const hooks = recordOptions();
    const third = await resume(at("stopped"), hooks);
    expect(third).toMatchObject({ outcome: "finished", step: 10, images: 24 });
    expect(hooks.lines.join("\n")).toContain("continuing after step 7");
    expectSameMetrics(readMetrics(at("stopped")), readMetrics(at("whole")));
    expect(third.loss).toBe(readMetrics(at("stopped")).at(-1)!.loss);
    expect(readFileSync(at("stopped", "log.txt"), "utf8")).toMatch(/stopped after step 7\n.*resumed after step 7\n/);
  });

  test("a stop before the first step leaves a run that can go on", async () => {
    const stopped = await pretrain(tinyConfig(source), at("early"), recordOptions(0));
    expect(stopped).toMatchObject({ outcome: "stopped", step: 0, loss: null, checkpoint: null, picture: null });
    await resume(at("early"), recordOptions());
    expectSameMetrics(readMetrics(at("early")), readMetrics(at("whole")));
  });

  test("a stop at the last step is a finished run, and resuming that does nothing", async () => {
    expect(await pretrain(tinyConfig(source), at("last"), recordOptions(10))).toMatchObject({ outcome: "finished" });
    const again = await resume(at("last"), recordOptions());
    expect(again).toMatchObject({ outcome: "finished", step: 10, images: 0, loss: null });
    expectSameMetrics(readMetrics(at("last")), readMetrics(at("whole")));
  });

  test("goes on with another number of threads, and leaves the configuration as it was", async () => {
    await pretrain(tinyConfig(source), at("threads-changed"), recordOptions(5));
    await resume(at("threads-changed"), { threads: 2, ...recordOptions() });
    expectSameMetrics(readMetrics(at("threads-changed")), readMetrics(at("whole")), 1e-4);
    expect(readRunConfig(at("threads-changed")).run.threads).toBe(1);
  });

  test("a whole number of passes ends at its last batch, and is resumed within a pass", async () => {
    const config: PretrainConfig = tinyConfig(source, "schedule.epochs=1.4");
    expect(resolveConfig([{ origin: "test", values: config }])).toEqual(config);
    await pretrain(config, at("epochs"), recordOptions(6));
    const { step } = await resume(at("epochs"), recordOptions());
    expect(step).toBe(7);
    expect(readMetrics(at("epochs")).map(({ epoch }) => epoch)).toEqual([0, 0, 0, 0, 0, 1, 1]);
  });
});
