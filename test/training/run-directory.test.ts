// The life of a run's folder: created, written, opened again.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { layerFromAssignments, resolveConfig } from "#src/config/config.js";
import { ConfigError } from "#src/config/errors.js";
import { StorageError } from "#src/files/storage-error.js";
import { readCheckpoint, writeCheckpoint } from "#src/training/checkpoint-file.js";
import { OutputError, RunDirectoryError } from "#src/training/errors.js";
import { readRunConfig } from "#src/training/run-config.js";
import { RunDirectory } from "#src/training/run-directory.js";
import { failingFiles } from "../files/failing-files.js";
import { temporaryFolder } from "../files/temporary-folder.js";

const at = temporaryFolder();
const config = resolveConfig([layerFromAssignments(["source=/pictures", "seed=5"])]);
const contents = (step: number) => ({
  step,
  tensors: [{ name: "weight", dtype: "F32" as const, shape: [2], data: Float32Array.of(step, 1) }],
  metadata: { epoch: "1" },
});

describe("RunDirectory", () => {
  it("creates the folder with its configuration, and gives it back on closing", async () => {
    const run = await RunDirectory.create(at("deep", "run"), config);
    expect(readdirSync(run.folder).sort()).toEqual([
      "checkpoints",
      "config.json",
      "events.jsonl",
      "lock",
      "log.txt",
      "metrics.jsonl",
      "pictures",
    ]);
    expect(readRunConfig(run.folder)).toEqual(config);
    run.close();
    expect(readdirSync(run.folder)).not.toContain("lock");
  });

  it("refuses a folder in which a run has taken steps, and says how to go on with it", async () => {
    const run = await RunDirectory.create(at("run"), config);
    run.recordStep({ step: 1, loss: 1 });
    run.close();
    const error = await RunDirectory.create(at("run"), config).catch((failure) => failure);
    expect(error).toBeInstanceOf(RunDirectoryError);
    expect(error.message).toContain(`mixedae resume ${at("run")}`);
    expect(readFileSync(run.paths.metrics, "utf8")).toContain('"step":1');
    expect(readdirSync(run.folder)).not.toContain("lock");
    rmSync(run.paths.metrics);
    await writeCheckpoint(run.checkpoints.pathOf(1), contents(1));
    await expect(RunDirectory.create(at("run"), config)).rejects.toBeInstanceOf(RunDirectoryError);
  });

  it("starts again where a run ended before its first step", async () => {
    (await RunDirectory.create(at("run"), config)).close();
    const run = await RunDirectory.create(at("run"), { ...config, seed: 6 });
    run.close();
    expect(readRunConfig(at("run")).seed).toBe(6);
  });

  it.each([
    ["config.json", '{"model_type": "vit", "hidden_size": 192}'],
    ["config.json", "name: no JSON"],
    ["config.json", "[1, 2]"],
    ["metrics.jsonl", "{}"],
    ["log.txt", "somebody's notes"],
    ["report.json", "{}"],
    ["report.png", "a picture"],
    ["checkpoints/model.pth", "weights"],
    ["pictures/holiday.png", "a picture"],
    ["failures/list.txt", "a list"],
  ])("refuses a folder with somebody else's %s, and leaves it as it is", async (name, content) => {
    mkdirSync(dirname(at("foreign", name)), { recursive: true });
    writeFileSync(at("foreign", name), content);
    const error = await RunDirectory.create(at("foreign"), config).catch((failure) => failure);
    expect(error).toBeInstanceOf(OutputError);
    expect(error.message).toContain(`found ${at("foreign", name)}, which is not of such a run`);
    expect(readFileSync(at("foreign", name), "utf8")).toBe(content);
    expect(readdirSync(at("foreign"))).toEqual([name.split("/")[0]]);
  });

  it("takes a folder with other files, and one that a killed process left without a configuration", async () => {
    mkdirSync(at("run", "checkpoints"), { recursive: true });
    mkdirSync(at("run", "pictures"));
    writeFileSync(at("run", "metrics.jsonl"), "");
    writeFileSync(at("run", "notes.md"), "my notes");
    (await RunDirectory.create(at("run"), config)).close();
    expect(readFileSync(at("run", "notes.md"), "utf8")).toBe("my notes");
    expect(readRunConfig(at("run"))).toEqual(config);
  });

  it("goes on from the newest checkpoint with the metrics cut back to it", async () => {
    const first = await RunDirectory.create(at("run"), config);
    for (let step = 1; step <= 5; step++) {
      first.recordStep({ step, loss: step });
      if (step % 2 === 0) await first.saveCheckpoint(contents(step));
    }
    first.close();
    const second = await RunDirectory.open(at("run"), config);
    const { checkpoint } = await second.checkpoints.loadNewest();
    expect(checkpoint).toMatchObject({ step: 4, metadata: { epoch: "1" } });
    await second.startMetrics(4);
    second.recordStep({ step: 5, loss: 5 });
    second.close();
    const steps = readFileSync(second.paths.metrics, "utf8").trim().split("\n");
    expect(steps.map((line) => JSON.parse(line).step)).toEqual([1, 2, 3, 4, 5]);
  });

  it("cannot be opened twice at a time", async () => {
    const run = await RunDirectory.create(at("run"), config);
    await expect(RunDirectory.open(at("run"), config)).rejects.toThrow("is being written by process");
    run.close();
    (await RunDirectory.open(at("run"), config)).close();
  });

  it("removes what a killed process left half-written", async () => {
    const run = await RunDirectory.create(at("run"), config);
    run.close();
    writeFileSync(at("run", "checkpoints", ".step-00000001.safetensors.1.tmp"), "half");
    (await RunDirectory.open(at("run"), config)).close();
    expect(readdirSync(run.paths.checkpoints)).toEqual([]);
  });

  it("adapts the configuration to this machine without changing the file", async () => {
    (await RunDirectory.create(at("run"), config)).close();
    const former = readRunConfig(at("run"));
    const run = await RunDirectory.open(at("run"), { ...former, run: { ...former.run, threads: 3 } });
    expect(run.config.run.threads).toBe(3);
    run.close();
    expect(readRunConfig(at("run")).run.threads).toBe(0);
  });

  it("keeps the batch of a failed step, and pictures", async () => {
    const run = await RunDirectory.create(at("run"), config);
    const failure = await run.saveFailure(contents(3));
    expect(failure).toBe(at("run", "failures", "step-3.safetensors"));
    expect((await readCheckpoint(failure)).tensors.get("weight")?.data).toEqual(Float32Array.of(3, 1));
    const picture = await run.savePicture(500, Uint8Array.of(1, 2));
    expect(readFileSync(picture)).toEqual(Buffer.of(1, 2));
    expect(picture).toBe(at("run", "pictures", "step-00000500.png"));
    run.close();
  });

  it("releases the lock when it cannot be created", async () => {
    await expect(RunDirectory.create(at("run"), config, failingFiles("write", 1))).rejects.toBeInstanceOf(StorageError);
    (await RunDirectory.create(at("run"), config)).close();
  });

  it("says what is wrong with a path that cannot be a folder", async () => {
    writeFileSync(at("file"), "");
    await expect(RunDirectory.create(at("file", "run"), config)).rejects.toThrow("is a file, not a folder");
    await expect(RunDirectory.create(at("file"), config)).rejects.toThrow("Choose another path");
  });
});

describe("readRunConfig", () => {
  it("refuses what is no run", () => {
    expect(() => readRunConfig(at("none"))).toThrow(RunDirectoryError);
    expect(() => readRunConfig(at("none"))).toThrow("is not a run: expected a folder with a config.json");
  });

  it("refuses a damaged configuration, naming the file", () => {
    writeFileSync(at("config.json"), JSON.stringify({ formatVersion: 2, ...config }));
    expect(() => readRunConfig(at())).toThrow(/config.json was written by a newer mixedae.*found 2/);
    writeFileSync(at("config.json"), JSON.stringify(config));
    expect(readRunConfig(at())).toEqual(config);
    writeFileSync(at("config.json"), '{"method": ');
    expect(() => readRunConfig(at())).toThrow(/config.json is not valid JSON/);
    writeFileSync(at("config.json"), JSON.stringify({ ...config, model: { ...config.model, patchSize: 5 } }));
    expect(() => readRunConfig(at())).toThrow(ConfigError);
    expect(() => readRunConfig(at())).toThrow(/multiple of model.patchSize.*config.json/);
  });
});
