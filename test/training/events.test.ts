// What a run tells of itself, to a listener of the same process and in events.jsonl.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { RunEvent } from "#src/training/events.js";
import { pretrain, resume } from "#src/training/index.js";
import { readMetrics, recordOptions, sharedFolder, tinyConfig, writeImages } from "./tiny-run.js";

const at = sharedFolder();
const source = at("images");
const config = (...assignments: string[]) => tinyConfig(source, "run.logEvery=3", ...assignments);

beforeAll(async () => {
  await writeImages(source);
});

function readEvents(folder: string): RunEvent[] {
  const lines = readFileSync(join(folder, "events.jsonl"), "utf8").split("\n");
  expect(lines.pop()).toBe("");
  return lines.map((line) => JSON.parse(line) as RunEvent);
}

function ofType<Type extends RunEvent["type"]>(events: readonly RunEvent[], type: Type) {
  return events.filter((event): event is Extract<RunEvent, { type: Type }> => event.type === type);
}

test("a run needs nothing beside its configuration and its folder", async () => {
  expect(await pretrain(config(), at("alone"))).toMatchObject({ outcome: "finished", step: 10 });
  expect(readMetrics(at("alone"))).toHaveLength(10);
});

describe("a whole run", () => {
  const { events, onEvent, signal } = recordOptions();
  const folder = at("whole");

  beforeAll(async () => {
    await pretrain(config("run.picturesEvery=5"), folder, { onEvent, signal });
  });

  test("is announced, tells each step with its metrics, and ends", () => {
    const metrics = readMetrics(folder);
    const [announced, ...others] = ofType(events, "announced");
    expect(others).toEqual([]);
    expect(announced).toMatchObject({ step: 0, doneSteps: 0, totalSteps: 10, batchSize: 8, logEvery: 3 });
    expect(announced!.lines[0]).toBe(`Pre-training with mixedae, a new run in ${folder}`);
    const steps = ofType(events, "step");
    expect(steps.map((event) => [event.step, event.metrics])).toEqual(metrics.map((line) => [line.step, line]));
    const last = events.at(-1)!;
    expect(last).toMatchObject({
      type: "finished",
      outcome: "finished",
      step: 10,
      summary: { step: 10, totalSteps: 10 },
    });
    const times = events.map(({ time }) => time);
    expect(times).toEqual([...times].sort());
    expect(times[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  test("names the files that it writes, which are there", () => {
    expect(ofType(events, "checkpoint").map(({ step, file }) => [step, file])).toEqual(
      [4, 8, 10].map((step) => [step, `checkpoints/step-${String(step).padStart(8, "0")}.safetensors`]),
    );
    const pictures = ofType(events, "picture");
    expect(pictures.map(({ step }) => step)).toEqual([5, 10]);
    for (const { file } of pictures) expect(existsSync(join(folder, file))).toBe(true);
  });

  test("events.jsonl holds the same, but not what comes many times a second", () => {
    const written = readEvents(folder);
    const begun = events.findIndex(({ type }) => type === "note");
    const kept = events
      .slice(begun)
      .filter((event) => event.type !== "step" && !(event.type === "phase" && event.state !== "began"));
    const plain = kept.map((event) => ({
      ...event,
      ...(event.type === "announced" && { lines: undefined, configuration: undefined }),
    }));
    expect(written).toEqual(JSON.parse(JSON.stringify(plain)));
    // Every third step, and the first and the last.
    const metrics = readMetrics(folder);
    expect(ofType(written, "metrics").map((event) => event.metrics)).toEqual(
      [1, 3, 6, 9, 10].map((step) => metrics[step - 1]),
    );
    const first = readFileSync(join(folder, "events.jsonl"), "utf8").split("\n")[0]!;
    expect(Object.keys(JSON.parse(first)).slice(0, 3)).toEqual(["time", "step", "type"]);
  });
});

test("a signal stops it with a checkpoint; resume goes on in the same file, behind what a power failure left", async () => {
  const folder = at("stopped");
  const controller = new AbortController();
  const stopped = await pretrain(config(), folder, {
    signal: controller.signal,
    onEvent: ({ type, step }) => {
      if (type === "step" && step === 5) controller.abort();
    },
  });
  expect(stopped).toMatchObject({ outcome: "stopped", step: 5 });
  const before = readEvents(folder);
  expect(before.at(-1)).toMatchObject({ type: "finished", outcome: "stopped", step: 5 });
  appendFileSync(join(folder, "events.jsonl"), '{"time":"2026');
  expect(await resume(folder)).toMatchObject({ outcome: "finished", step: 10 });
  const after = readEvents(folder);
  expect(after.slice(0, before.length)).toEqual(before);
  expect(ofType(after, "announced").map(({ step, doneSteps }) => [step, doneSteps])).toEqual([
    [0, 0],
    [5, 5],
  ]);
  expect(readMetrics(folder).map(({ loss }) => loss)).toEqual(readMetrics(at("alone")).map(({ loss }) => loss));
});

test("a signal before the first step rejects with its own reason, and the run says that it was stopped", async () => {
  const [folder, reason] = [at("early"), new Error("enough")];
  const controller = new AbortController();
  const onEvent = ({ type }: RunEvent) => {
    if (type === "note") controller.abort(reason);
  };
  await expect(pretrain(config(), folder, { onEvent, signal: controller.signal })).rejects.toBe(reason);
  expect(readEvents(folder).at(-1)).toMatchObject({ type: "finished", outcome: "stopped", summary: null });
  expect(readFileSync(join(folder, "log.txt"), "utf8")).toMatch(/info stopped before anything had to be saved\n$/);
});

test("what a listener throws ends the run, which says so; the last checkpoint is whole", async () => {
  const folder = at("thrown");
  const onEvent = ({ type, step }: RunEvent) => {
    if (type === "step" && step === 6) throw new Error("a bug of the listener");
  };
  await expect(pretrain(config(), folder, { onEvent })).rejects.toThrow("a bug of the listener");
  expect(readEvents(folder).at(-1)).toMatchObject({ type: "failed", message: "a bug of the listener", step: 6 });
  expect(await resume(folder)).toMatchObject({ outcome: "finished", step: 10 });
  expect(ofType(readEvents(folder), "announced").at(-1)).toMatchObject({ doneSteps: 4 });
});
