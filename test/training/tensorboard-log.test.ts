// With run.tensorboard, a run's metrics are what TensorBoard shows, also after stops and resumes.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { pretrain, resume } from "#src/training/index.js";
import { runPaths } from "#src/training/run-folder.js";
import { TensorBoardLog } from "#src/training/tensorboard-log.js";
import { castagnoli, readEvents, shownScalars } from "../formats/tensorboard-reader.js";
import { readMetrics, recordOptions, sharedFolder, tinyConfig, writeImages } from "./tiny-run.js";

const at = sharedFolder();
const source = at("images");

beforeAll(async () => {
  await writeImages(source);
});

const filesIn = (folder: string) =>
  readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name)));

test("each step's metrics stand there once, though the run was stopped and went on", async () => {
  const folder = at("run");
  const config = tinyConfig(source, "method=mixedae", "run.tensorboard=true", "methodOptions.homologousFrom=0");
  await pretrain(config, folder, recordOptions(6));
  // As if it had been killed after its last checkpoint: steps are taken again.
  const { tensorboard, checkpoints } = runPaths(folder);
  const [first] = filesIn(tensorboard);
  expect(readEvents(first!)[0]).toMatchObject({ version: "brain.Event:2", scalars: [] });
  for (const name of readdirSync(checkpoints)) {
    if (name.includes("6")) writeFileSync(join(checkpoints, name), "damaged");
  }
  await resume(folder, { threads: 1, ...recordOptions() });
  const files = filesIn(tensorboard);
  expect(files).toHaveLength(2);
  expect(readEvents(files[1]!)[1]).toMatchObject({ step: 5, isStart: true });
  const shown = shownScalars(files);
  const metrics = readMetrics(folder);
  expect(metrics).toHaveLength(10);
  for (const name of ["loss", "contrastive", "lr", "gradientNorm"]) {
    expect(shown.get(name)).toEqual(metrics.map((each) => [each.step, Math.fround(each[name] as number)]));
  }
  const ofBlock = metrics.map((each) => [each.step, Math.fround((each.topkPrecision as number[])[1]!)]);
  expect(shown.get("topkPrecision/block 1")).toEqual(ofBlock);
  expect(shown.has("step")).toBe(false);
});

test("nothing of it is written where it is not asked for", async () => {
  await pretrain(tinyConfig(source, "method=mae", "schedule.steps=2"), at("plain"), recordOptions());
  expect(existsSync(runPaths(at("plain")).tensorboard)).toBe(false);
});

test("files that are begun within a second, or after one of the future, come in their order", () => {
  writeFileSync(join(at(), "events.out.tfevents.4000000000.elsewhere"), "");
  const folder = at();
  const before = new Set(readdirSync(folder));
  for (const step of [300, 70_000]) {
    const log = new TensorBoardLog(folder, step);
    log.append({ step, loss: 0.5, topkPrecision: [0.25, 1] });
    log.close();
  }
  const names = readdirSync(folder).filter((name) => !before.has(name));
  expect(names.sort()).toEqual(["events.out.tfevents.4000000001.mixedae", "events.out.tfevents.4000000002.mixedae"]);
  const [_, start, step] = readEvents(readFileSync(join(folder, names.at(-1)!)));
  expect([start!.step, step!.step]).toEqual([70_000, 70_000]);
  expect(step!.scalars).toEqual([
    ["loss", 0.5],
    ["topkPrecision/block 0", 0.25],
    ["topkPrecision/block 1", 1],
  ]);
});

test("the reader's checksum is that of the literature", () => {
  expect(castagnoli(Buffer.from("123456789"))).toBe(0xe3069283);
});
