// Several processes train one run: the metrics, the state and the files are those of one process.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import type { PretrainConfig } from "#src/config/config.js";
import { pretrain, resume } from "#src/training/index.js";
import { runPaths } from "#src/training/run-folder.js";
import { allTogether, together } from "../processes/local-processes.js";
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
const many = ["schedule.steps=20", "schedule.batchSize=12"];
const mixing = ["schedule.batchSize=16", "schedule.microBatch=8", "methodOptions.mixingRatio=0.25"];

beforeAll(async () => {
  await writeImages(source);
});

test.each<readonly [name: string, sizes: readonly number[], config: PretrainConfig]>([
  ["mae", [2, 3, 4], tinyConfig(source, "method=mae", ...many)],
  ["mae of a batch that cannot be halved", [2], tinyConfig(source, "method=mae", ...many, "schedule.batchSize=7")],
  ["mae in micro-batches", [3], tinyConfig(source, "method=mae", ...many, "schedule.microBatch=3")],
  ["simmim", [3], tinyConfig(source, "method=simmim", ...many)],
  ["mixedae", [2, 3], tinyConfig(source, "method=mixedae", ...many, ...mixing)],
  ["mixing", [4], tinyConfig(source, "method=mixing", ...many, ...mixing)],
  ["ibot", [2, 3], tinyDistillationConfig("ibot", source, ...many, "schedule.batchSize=8")],
  ["dino", [3], tinyDistillationConfig("dino", source, ...many, "schedule.batchSize=8")],
])("%s: %j processes compute what one does", async (name, sizes, config) => {
  await pretrain(config, at(name, "1"), recordOptions());
  for (const size of sizes) {
    const folder = at(name, String(size));
    const options = recordOptions();
    await allTogether(size, (communicator) =>
      pretrain(config, folder, { communicator, ...(communicator.rank === 0 && { onEvent: options.onEvent }) }),
    );
    expectSameMetrics(readMetrics(folder), readMetrics(at(name, "1")), 1e-5);
    expect(options.lines.join("\n")).toContain(`processes      ${size}, on this machine`);
    for (const part of ["checkpoints", "pictures"] as const) {
      expect(readdirSync(runPaths(folder)[part])).toEqual(readdirSync(runPaths(at(name, "1"))[part]));
    }
  }
});

test("a run goes on with any number of processes", async () => {
  const config = tinyConfig(source, "method=mae", ...many);
  const folder = at("resumed");
  await pretrain(config, at("whole"), recordOptions());
  const sizes = [3, 1, 2, 4];
  for (const [turn, size] of sizes.entries()) {
    await allTogether(size, (communicator) => {
      // Whichever is asked to stop, all do.
      const { onEvent, signal } = recordOptions(communicator.rank === size - 1 && turn < 3 ? 5 : undefined);
      const options = { communicator, onEvent, signal };
      return turn === 0 ? pretrain(config, folder, options) : resume(folder, options);
    });
    expect(readMetrics(folder).length).toBe(5 * (turn + 1));
  }
  expectSameMetrics(readMetrics(folder), readMetrics(at("whole")), 1e-5);
});

test("what was known of the images is known to all: images.jsonl.gz is that of one process", async () => {
  const { gunzipSync } = await import("node:zlib");
  const images = (folder: string) => gunzipSync(readFileSync(runPaths(folder).images)).toString();
  expect(images(at("resumed"))).toEqual(images(at("whole")));
});

test("an error of one ends all, and the run says so", async () => {
  const folder = at("failed");
  const ended = await together(3, (communicator) => {
    const onEvent = ({ type, step }: { type: string; step: number }) => {
      if (communicator.rank === 1 && type === "step" && step === 3) throw new TypeError("a bad process");
    };
    return pretrain(tinyConfig(source, "method=mae", ...many), folder, { communicator, onEvent });
  });
  const reasons = ended.map((each) => (each as PromiseRejectedResult).reason as Error);
  expect(reasons.map(({ name }) => name)).toEqual(["PeerError", "TypeError", "PeerError"]);
  expect(reasons[0]!.message).toBe("process 1: a bad process");
  expect(readFileSync(runPaths(folder).log, "utf8")).toContain("ended with an error: process 1: a bad process");
  expect(existsSync(runPaths(folder).lock)).toBe(false);
});

test("a loss that is not finite ends all, with the whole batch among the traces", async () => {
  const config = tinyConfig(
    source,
    "method=mae",
    ...many,
    "schedule.learningRate=1000",
    "schedule.warmupShare=0",
    "optimizer.weightDecay=100",
  );
  const folder = at("diverged");
  const ended = await together(3, (communicator) => pretrain(config, folder, { communicator }));
  const reasons = ended.map((each) => (each as PromiseRejectedResult).reason as Error);
  expect(reasons.map(({ name }) => name)).toEqual(new Array(3).fill("TrainingDivergedError"));
  const [name] = readdirSync(runPaths(folder).failures);
  const header = readFileSync(`${runPaths(folder).failures}/${name}`, "latin1");
  expect(header).toContain('"shape":[12,16,16,3]');
  expect(reasons[0]!.message).toContain(name);
});

test("too small a batch is refused with what to do", async () => {
  const config = tinyConfig(source, "method=mae", "schedule.batchSize=2");
  const [first] = await together(3, (communicator) => pretrain(config, at("small"), { communicator }));
  expect((first as PromiseRejectedResult).reason).toMatchObject({
    name: "ProcessesError",
    message:
      "Expected a batch of at least 3 images, one for each process; found schedule.batchSize=2. " +
      "Start fewer processes, or raise schedule.batchSize",
  });
});
