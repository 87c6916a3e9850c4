// From a command line to a configuration, and what is said at the end.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { configKeys, type PretrainConfig } from "#src/config/config.js";
import { StorageError } from "#src/files/storage-error.js";
import { methodNames } from "#src/methods/registry.js";
import { RunEvents } from "#src/training/run-events.js";
import { finished, record } from "./recording.js";

const folder = mkdtempSync(join(tmpdir(), "mixedae-pretrain-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function configOf(...args: string[]): Promise<PretrainConfig> {
  const { exitCode, err, calls } = await record(["pretrain", ...args, "--out", "runs/a"]);
  expect([exitCode, err]).toEqual([0, ""]);
  const [call] = calls;
  expect(call?.[0]).toBe("pretrain");
  expect(call?.[2]).toBe("runs/a");
  return call?.[1] as PretrainConfig;
}

describe("mixedae pretrain", () => {
  it("needs only a source and a folder for the run", async () => {
    expect(await configOf("photos")).toMatchObject({
      source: resolve("photos"),
      method: "mixedae",
      model: { preset: "micro" },
    });
  });

  it("takes several sources as a list", async () => {
    expect((await configOf("a.tar", "b.tar")).source).toEqual([resolve("a.tar"), resolve("b.tar")]);
  });

  it("has a flag for each of the main keys", async () => {
    const flags =
      "--method mixing --model tiny --image-size 64 --patch-size 8 --epochs 1.5 --batch-size 96 --micro-batch 24 " +
      "--seed 7 --device webgpu --threads 3 --checkpoint-every 10m";
    expect(await configOf("photos", ...flags.split(" "))).toMatchObject({
      method: "mixing",
      seed: 7,
      model: { preset: "tiny", imageSize: 64, patchSize: 8, depth: 12 },
      schedule: { epochs: 1.5, steps: null, batchSize: 96, microBatch: 24 },
      run: { device: "webgpu", threads: 3, checkpointEvery: "10m" },
    });
    expect((await configOf("photos", "--steps", "5", "--checkpoint-every", "500")).run.checkpointEvery).toBe(500);
  });

  it("lets --set win over flags, and flags over files", async () => {
    const file = join(folder, "a.yaml");
    writeFileSync(file, "source: /pictures\nseed: 1\nschedule: {batchSize: 32, steps: 10}\n");
    const config = await configOf(
      "--config",
      file,
      "--batch-size",
      "64",
      "--epochs",
      "2",
      "--set",
      "seed=3",
      "--set",
      "schedule.batchSize=16",
    );
    expect(config).toMatchObject({ source: "/pictures", seed: 3, schedule: { batchSize: 16, epochs: 2, steps: null } });
  });

  it("starts another run from the configuration of one", async () => {
    const first = await configOf("photos", "--method", "mae", "--model", "small");
    const file = join(folder, "config.json");
    writeFileSync(file, JSON.stringify(first));
    expect(await configOf("--config", file, "--seed", "1")).toEqual({ ...first, seed: 1 });
  });

  it("looks for the weights to start from before anything else", async () => {
    const { exitCode, err, calls } = await record(["pretrain", "photos", "--out", "r", "--weights", "no-such-run"]);
    expect([exitCode, calls]).toEqual([2, []]);
    expect(err).toBe("error: Cannot read no-such-run: There is no such file or folder. Check the path (ENOENT).\n");
  });

  it("exits with 2 for a configuration that is not valid, naming the flag", async () => {
    const { exitCode, err, calls } = await record([
      "pretrain",
      "photos",
      "--out",
      "r",
      "--method",
      "mea",
      "--batch-size",
      "x",
    ]);
    expect([exitCode, calls]).toEqual([2, []]);
    expect(err).toBe(
      `error: The configuration is not valid: method (from --method): expected one of ${methodNames.join(", ")}; found "mea". Did you mean mae?\n`,
    );
    const other = await record(["pretrain", "photos", "--out", "r", "--batch-size", "many"]);
    expect(other.err).toContain(
      'schedule.batchSize (from --batch-size): expected a whole number from 1 to 1,000,000; found "many"',
    );
  });

  it("says at the end what there is and what can be done with it", async () => {
    const command = ["pretrain", "photos", "--out", "my runs/a"];
    const drawn = await record(command, { pretrain: async () => ({ ...finished, picture: "a.png" }) });
    expect(drawn.out.split("\n")).toEqual([
      "Finished 2,000 steps in 3 min 4 s, loss 0.3712, 1,391 images/s.",
      "  checkpoint  runs/a/checkpoints/step-00002000.safetensors",
      "  picture     a.png",
      "To see reconstructions of other images: mixedae reconstruct 'my runs/a' IMAGES --out FILE.png",
      "",
    ]);
    const { out } = await record(command);
    expect(out.split("\n").slice(2)).toEqual([
      "To use what it has learnt: mixedae embed IMAGES --from 'my runs/a' --out FEATURES.npy",
      "",
    ]);
  });

  it("prints what the training prints, and its progress", async () => {
    const { out } = await record(["pretrain", "photos", "--out", "r"], {
      pretrain: async (_config, _folder, options) => {
        const events = new RunEvents(options);
        const lengths = { totalSteps: 1, doneSteps: 0, batchSize: 8, logEvery: 0 };
        events.emit({ type: "announced", lines: ["hello"], configuration: ["seed=0"], ...lengths });
        events.step = 1;
        events.emit({ type: "step", totalSteps: 1, loss: 0.5, metrics: { step: 1 } });
        return finished;
      },
    });
    expect(out).toMatch(/^hello\nstep 1\/1 {2}loss 0\.5000 .*\nFinished/);
  });

  it("exits with 1 for an error that was foreseen, in one line", async () => {
    const pretrain = async () => {
      throw new StorageError("Cannot write r: The disk is full.", "ENOSPC", "r", undefined);
    };
    const { exitCode, err } = await record(["pretrain", "photos", "--out", "r"], { pretrain });
    expect([exitCode, err]).toEqual([1, "error: Cannot write r: The disk is full.\n"]);
  });

  it("documents every flag and key in its help", async () => {
    const { out } = await record(["pretrain", "--help"]);
    for (const method of methodNames) {
      for (const { path, description } of configKeys(method)) {
        expect(out).toContain(`  ${path} (default: `);
        expect(out).toContain(description);
      }
    }
    for (const flag of ["--out", "--config", "--set", "--checkpoint-every", "--micro-batch"])
      expect(out).toContain(flag);
  });
});
