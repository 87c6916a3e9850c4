// Runs that cannot start, or cannot go on: a clear error, nothing lost, and no trace that blocks the next attempt.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { ConfigError } from "#src/config/errors.js";
import { DataError, SourceError, TooFewImagesError, TooManyUnreadableError } from "#src/data/errors.js";
import { StorageError } from "#src/files/storage-error.js";
import { readCheckpoint, writeCheckpoint } from "#src/training/checkpoint-file.js";
import { CheckpointStore } from "#src/training/checkpoints.js";
import { CheckpointError, OutputError, RunDirectoryError, TrainingDivergedError } from "#src/training/errors.js";
import { pretrain, resume } from "#src/training/index.js";
import { createLearner } from "#src/training/learner.js";
import { runPaths } from "#src/training/run-folder.js";
import { startProgram } from "./command-line.js";
import { expectSameMetrics, readMetrics, recordOptions, sharedFolder, tinyConfig, writeImages } from "./tiny-run.js";

const at = sharedFolder();
const source = at("images");

beforeAll(async () => {
  await writeImages(source);
  await pretrain(tinyConfig(source), at("whole"), recordOptions());
});

/** The error that a promise is rejected with. */
async function failure(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.fail("expected an error"),
    (error: Error) => error,
  );
}

describe("a run that cannot start", () => {
  /** The folder can be used for a run that can. */
  async function expectUsable(folder: string): Promise<void> {
    expect(existsSync(runPaths(folder).lock)).toBe(false);
    expect(existsSync(runPaths(folder).metrics) ? readMetrics(folder) : []).toEqual([]);
    await pretrain(tinyConfig(source, "schedule.steps=1"), folder, recordOptions());
    expect(readMetrics(folder)).toHaveLength(1);
  }

  test("for a missing or an empty folder of images leaves nothing behind", async () => {
    mkdirSync(at("empty"));
    for (const images of [at("missing"), at("empty")]) {
      const error = await failure(pretrain(tinyConfig(images), at("nothing"), recordOptions()));
      expect(error).toBeInstanceOf(SourceError);
      expect(error.message).toContain(images);
      expect(existsSync(at("nothing"))).toBe(false);
    }
  });

  test("for images that are smaller than a patch says so", async () => {
    const config = tinyConfig(source, "model.imageSize=80", "model.patchSize=20");
    const error = await failure(pretrain(config, at("patch"), recordOptions()));
    expect(error).toBeInstanceOf(TooManyUnreadableError);
    expect(error.message).toMatch(/16 x 16.*20|20.*16 x 16/s);
    await expectUsable(at("patch"));
  });

  test("for fewer images than a batch says how large a batch can be", async () => {
    const config = tinyConfig(source, "schedule.batchSize=48");
    const error = await failure(pretrain(config, at("few"), recordOptions()));
    expect(error).toBeInstanceOf(TooFewImagesError);
    expect(error.message).toContain("--batch-size 40 --micro-batch 40");
    await expectUsable(at("few"));
  });

  test("for fewer images than a batch names flags that work", async () => {
    const three = await writeImages(at("three"), 3);
    for (const [images, ...assignments] of [
      [source, "schedule.batchSize=44", "schedule.microBatch=44"],
      [source, "schedule.batchSize=56", "schedule.microBatch=28"],
      [three, "schedule.batchSize=8"],
      [three, "method=mae", "schedule.batchSize=8"],
    ] as const) {
      const folder = at(`few-${assignments.join("-")}-${images === three}`);
      const error = await failure(pretrain(tinyConfig(images, ...assignments), folder, recordOptions()));
      const flag = (name: string) => new RegExp(`--${name} (\\w+)`).exec(error.message)?.[1];
      const [method, batchSize, microBatch] = [flag("method"), flag("batch-size"), flag("micro-batch")];
      expect(Number(batchSize)).toBeLessThanOrEqual(images === three ? 3 : 40);
      const advised = [
        ...(method === undefined ? [] : [`method=${method}`]),
        `schedule.batchSize=${batchSize}`,
        ...(microBatch === undefined ? [] : [`schedule.microBatch=${microBatch}`]),
      ];
      const config = tinyConfig(images, ...assignments, ...advised, "schedule.steps=1");
      expect(await pretrain(config, folder, recordOptions()), error.message).toMatchObject({ outcome: "finished" });
    }
  });

  test("among its images, or those it is evaluated on, leaves them as they are", async () => {
    const labelled = await writeImages(at("labelled", "class"), 2);
    symlinkSync(source, at("link"));
    const watched = tinyConfig(source, `evaluation.source=${at("labelled")}`);
    for (const [config, folder] of [
      [tinyConfig(source), source],
      [tinyConfig(source), at("images", "runs", "first")],
      [tinyConfig(source), at("link", "run")],
      [tinyConfig(at("link")), at("images", "run")],
      [watched, at("labelled", "class", "run")],
    ] as const) {
      const error = await failure(pretrain(config, folder, recordOptions()));
      expect(error, folder).toBeInstanceOf(OutputError);
      expect(error.message).toContain("outside the images");
    }
    expect(readdirSync(source)).toHaveLength(40);
    expect(readdirSync(labelled)).toHaveLength(2);
  });

  test("where its pictures would join the images that it learns from", async () => {
    const pictures = await writeImages(at("reused", "pictures"), 8);
    expect(await failure(pretrain(tinyConfig(pictures), at("reused"), recordOptions()))).toBeInstanceOf(OutputError);
    expect(readdirSync(at("reused"))).toEqual(["pictures"]);
  });

  test.each([
    ["a batch that groups do not divide", ["schedule.batchSize=10"], /schedule.batchSize.*multiple of the 4/],
    ["patches that groups do not divide", ["methodOptions.mixingRatio=0.2", "schedule.batchSize=10"], /divide the 16/],
    ["one patch of each image, with nothing to compare", ["model.imageSize=8"], /at least 2 patches of each image/],
    ["a patch larger than the image", ["model.patchSize=32"], /model.imageSize.*multiple of model.patchSize/],
    ["everything hidden", ["method=mae", "methodOptions.maskRatio=0.99"], /leaves at least 1/],
  ])("a configuration with %s is refused", (_, assignments, message) => {
    expect(() => tinyConfig(source, ...assignments)).toThrow(ConfigError);
    expect(() => tinyConfig(source, ...assignments)).toThrow(message);
  });

  test("one patch of each image is enough without the contrastive loss", async () => {
    const config = tinyConfig(source, "model.imageSize=8", "methodOptions.contrastive=false", "schedule.steps=2");
    expect(await pretrain(config, at("one-patch"), recordOptions())).toMatchObject({ outcome: "finished" });
  });

  test("because the folder holds a run leaves that run as it is", async () => {
    const before = readFileSync(at("whole", "metrics.jsonl"));
    const error = await failure(pretrain(tinyConfig(source), at("whole"), recordOptions()));
    expect(error).toBeInstanceOf(RunDirectoryError);
    expect(error.message).toContain("mixedae resume");
    expect(readFileSync(at("whole", "metrics.jsonl"))).toEqual(before);
  });

  test("to resume what is no run", async () => {
    expect(await failure(resume(at("nowhere"), recordOptions()))).toBeInstanceOf(RunDirectoryError);
    expect(existsSync(at("nowhere"))).toBe(false);
  });
});

describe("unreadable files", () => {
  test("are skipped, printed and logged, and stop nothing", async () => {
    const folder = await writeImages(at("broken"), 30);
    writeFileSync(at("broken", "text.png"), "this is no image");
    writeFileSync(at("broken", "cut.png"), readFileSync(at("broken", "007.png")).subarray(0, 60));
    const hooks = recordOptions();
    await pretrain(tinyConfig(folder), at("skipping"), hooks);
    const log = readFileSync(at("skipping", "log.txt"), "utf8");
    for (const name of ["text.png", "cut.png"]) {
      expect(hooks.lines.filter((line) => line.startsWith(`Skipped ${name}: `))).toHaveLength(1);
      expect(log).toMatch(new RegExp(`skipped ${name}: .+`));
    }
    expect(readMetrics(at("skipping"))).toHaveLength(10);
    await pretrain(tinyConfig(folder, "data.workers=2"), at("skipping-too"), recordOptions(6));
    await resume(at("skipping-too"), recordOptions());
    expectSameMetrics(readMetrics(at("skipping-too")), readMetrics(at("skipping")));
  });

  test("that are too many end the run before its first step", async () => {
    const folder = await writeImages(at("mostly-broken"), 10);
    for (let index = 0; index < 7; index++) writeFileSync(at("mostly-broken", `x${index}.png`), "no image");
    const error = await failure(pretrain(tinyConfig(folder), at("refused"), recordOptions()));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain("x0.png");
    expect(readMetrics(at("refused"))).toEqual([]);
  });
});

describe("a damaged checkpoint", () => {
  test("is refused with the reason, and the run goes on from the one before to the same end", async () => {
    const folder = at("damaged");
    await pretrain(tinyConfig(source), folder, recordOptions(7));
    const newest = at("damaged", "checkpoints", "step-00000007.safetensors");
    truncateSync(newest, readFileSync(newest).length - 1);
    const hooks = recordOptions();
    await resume(folder, hooks);
    const told = hooks.lines.find((line) => line.includes("is not used"));
    expect(told).toContain(newest);
    expect(told).toMatch(/is not used: .+\. Continuing from the one before\.$/);
    expect(hooks.lines.join("\n")).toContain("continuing after step 4");
    expect(readFileSync(at("damaged", "log.txt"), "utf8")).toContain("warning");
    expectSameMetrics(readMetrics(folder), readMetrics(at("whole")));
  });

  test("is refused where there is no other", async () => {
    const folder = at("all-damaged");
    await pretrain(tinyConfig(source), folder, recordOptions(2));
    writeFileSync(at("all-damaged", "checkpoints", "step-00000002.safetensors"), "something else");
    const error = await failure(resume(folder, recordOptions()));
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toContain("step-00000002.safetensors");
    expect(readMetrics(folder)).toHaveLength(2);
  });

  test("of another configuration is refused", async () => {
    const folder = at("changed");
    await pretrain(tinyConfig(source), folder, recordOptions(2));
    const { config } = runPaths(folder);
    const values = JSON.parse(readFileSync(config, "utf8"));
    for (const [section, change] of [
      ["seed", { seed: 5 }],
      ["data", { data: { ...values.data, flip: false } }],
    ] as const) {
      writeFileSync(config, JSON.stringify({ ...values, ...change }));
      const error = await failure(resume(folder, recordOptions()));
      expect(error).toBeInstanceOf(CheckpointError);
      expect(error.message).toContain(`another ${section} than config.json`);
    }
    // What does not change the result may be changed.
    writeFileSync(config, JSON.stringify({ ...values, data: { ...values.data, workers: 2, memoryBudgetMiB: 1 } }));
    await resume(folder, recordOptions());
    expectSameMetrics(readMetrics(folder), readMetrics(at("whole")));
  });
});

test("a checkpoint and a configuration of before an option was there go on as they were", async () => {
  const folder = at("before");
  await pretrain(tinyConfig(source), folder, recordOptions(2));
  const { config: path, checkpoints } = runPaths(folder);
  const former = ({
    methodOptions: { segmentShare: _, ...methodOptions },
    ...config
  }: Record<string, object> & {
    methodOptions: { segmentShare?: number };
  }) => JSON.stringify({ ...config, methodOptions });
  const { checkpoint } = await new CheckpointStore(checkpoints, tinyConfig(source).run).loadNewest();
  const { config, images } = checkpoint!.metadata;
  await writeCheckpoint(checkpoint!.path, {
    step: checkpoint!.step,
    tensors: [...checkpoint!.tensors.values()],
    metadata: { config: former(JSON.parse(config!)), images: images! },
  });
  writeFileSync(path, former(JSON.parse(readFileSync(path, "utf8"))));
  await resume(folder, recordOptions());
  expectSameMetrics(readMetrics(folder), readMetrics(at("whole")));
});

describe("a loss that is not finite", () => {
  // The largest rate and decay that are taken: each step multiplies the weights by 100,000.
  const absurd = [
    "schedule.learningRate=1000",
    "optimizer.weightDecay=100",
    "schedule.warmupShare=0",
    "run.checkpointEvery=1",
  ];

  test("stops the run at once, with batch and plan for replay, and the last good checkpoint as it was", async () => {
    const folder = at("diverged");
    const config = tinyConfig(source, ...absurd);
    const error = await failure(pretrain(config, folder, recordOptions()));
    expect(error).toBeInstanceOf(TrainingDivergedError);
    expect(error.message).toContain("learning rate");
    const [name] = readdirSync(runPaths(folder).failures);
    const step = Number(/^step-(\d+)\.safetensors$/.exec(name!)![1]);
    expect(step).toBeGreaterThan(1);
    expect(error.message).toContain(at("diverged", "failures", name!));
    expect(existsSync(runPaths(folder).lock)).toBe(false);
    for (const line of readMetrics(folder)) expect(Number.isFinite(line.loss)).toBe(true);
    expect(readMetrics(folder)).toHaveLength(step - 1);

    const stored = await readCheckpoint(at("diverged", "failures", name!));
    const images = stored.tensors.get("images")!;
    const plan = stored.tensors.get("assignment")!;
    expect([images.dtype, images.shape]).toEqual(["U8", [8, 16, 16, 3]]);
    expect([plan.dtype, plan.data.length]).toEqual(["I32", 2 * 16]);
    expect(stored.tensors.get("indices")!.shape).toEqual([8]);

    const { checkpoint, refused } = await new CheckpointStore(runPaths(folder).checkpoints, config.run).loadNewest();
    const clsToken = checkpoint!.tensors.get("cls_token")!.data;
    expect(stored.tensors.get("cls_token")!.data).toEqual(clsToken);
    expect([checkpoint!.step, refused]).toEqual([step - 1, []]);
    const learner = await createLearner(config, { totalSteps: 1, stepsPerEpoch: 1 });
    await learner.restore(checkpoint!);
    const { state } = learner.training;
    const before = state.parameters.memory!.slice();
    const replayed = await learner.step(
      { images: images.data as Uint8Array, assignment: plan.data as Int32Array },
      { step, learningRate: 1000 },
    );
    expect(replayed.updated).toBe(false);
    expect([String(replayed.loss), String(replayed.gradientNorm)]).toEqual([
      stored.metadata.loss,
      stored.metadata.gradientNorm,
    ]);
    expect(Number.isFinite(replayed.loss) && Number.isFinite(replayed.gradientNorm)).toBe(false);
    expect(state.parameters.memory).toEqual(before);

    // Resuming takes the same step again, with the same end.
    const again = await failure(resume(folder, recordOptions()));
    expect(again.message).toBe(error.message);
  });
});

describe("a file system that refuses", () => {
  test("to grow the log ends the run with that error, and does not hide another", async () => {
    if (!existsSync("/dev/full")) return;
    const prepare = (folder: string) => {
      mkdirSync(folder);
      symlinkSync("/dev/full", runPaths(folder).log);
      return folder;
    };
    const full = await failure(pretrain(tinyConfig(source), prepare(at("full")), recordOptions()));
    expect(full).toBeInstanceOf(StorageError);
    expect(full.message).toContain("The disk is full");
    const few = pretrain(tinyConfig(source, "schedule.batchSize=48"), prepare(at("full-too")), recordOptions());
    expect(await failure(few)).toBeInstanceOf(TooFewImagesError);
    rmSync(runPaths(at("full")).log);
    expect(await pretrain(tinyConfig(source), at("full"), recordOptions())).toMatchObject({ outcome: "finished" });
  });

  test("to make a folder is named, also where the folder above exists or is a link to nothing", async () => {
    symlinkSync(at("not-there"), at("dangling"));
    const places = [at("dangling"), at("dangling", "run"), ...(existsSync("/proc/self") ? ["/proc/mixedae/run"] : [])];
    for (const folder of places) {
      const error = await failure(pretrain(tinyConfig(source), folder, recordOptions()));
      expect(error, folder).toBeInstanceOf(StorageError);
      expect(error.message).toMatch(/^Cannot create the folder /);
    }
  });

  test("to write into a folder, being read-only, is named; afterwards the folder can be used", async () => {
    mkdirSync(at("read-only"), { mode: 0o555 });
    const folder = at("read-only", "run");
    // Nothing is read-only for the superuser: then there is nothing to refuse.
    if (process.getuid?.() !== 0) {
      const error = await failure(pretrain(tinyConfig(source), folder, recordOptions()));
      expect(error).toBeInstanceOf(StorageError);
      expect(error.message).toContain("Permission denied");
    }
    chmodSync(at("read-only"), 0o755);
    expect(await pretrain(tinyConfig(source), folder, recordOptions())).toMatchObject({ outcome: "finished" });
  });

  test.skipIf(process.platform === "win32")("to grow a checkpoint leaves the last good one intact", async () => {
    const folder = at("limited");
    await pretrain(tinyConfig(source), folder, recordOptions(3));
    const good = readFileSync(at("limited", "checkpoints", "step-00000003.safetensors"));
    // Files may have 40 blocks of 1 KiB: enough for metrics and pictures, too little for a checkpoint.
    const limit = ["bash", "-c", 'ulimit -f 40 && exec "$@"', "bash"];
    const { code, stderr } = await startProgram(["resume", folder], limit).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: Cannot write .*step-0000000[48]\.safetensors: .* \(EFBIG\)\.\n$/);
    expect(readdirSync(runPaths(folder).checkpoints)).toEqual(["step-00000003.safetensors"]);
    expect(readFileSync(at("limited", "checkpoints", "step-00000003.safetensors"))).toEqual(good);
    await resume(folder, recordOptions());
    expectSameMetrics(readMetrics(folder), readMetrics(at("whole")));
  });
});
