// How events look on a terminal or in a file.
import { expect, test } from "vitest";
import { Progress } from "#src/terminal/progress.js";
import type { ProgressStream } from "#src/terminal/progress-line.js";
import { EventDisplay, type EventDisplayOptions } from "#src/training/event-display.js";
import type { Happening } from "#src/training/events.js";

type Given = Happening & { readonly step?: number };

function shown(...happenings: readonly Given[]): string[] {
  return shownWith({}, ...happenings);
}

function shownWith(options: EventDisplayOptions & Partial<ProgressStream>, ...happenings: readonly Given[]): string[] {
  const { verbose, ...terminal } = options;
  let text = "";
  let now = 0;
  const clock = () => (now += 1000);
  const write = (part: string) => (text += part);
  const display = new EventDisplay(new Progress({ write, ...terminal }, clock), { verbose, clock });
  for (const happening of happenings) display.show({ time: "2026-01-01T00:00:00.000Z", step: 0, ...happening });
  return text.split("\n").slice(0, -1);
}

const announced = {
  type: "announced",
  lines: ["Pre-training with mae, a new run in runs/first", "  source  photos: 3,786 images kept decoded in memory"],
  configuration: ['method="mae" seed=0'],
  totalSteps: 5,
  doneSteps: 0,
  batchSize: 8,
  logEvery: 0,
} as const;

test("the whole configuration is printed where it is asked for", () => {
  expect(shown(announced)).toEqual(announced.lines);
  expect(shownWith({ verbose: true }, announced)).toEqual([
    ...announced.lines,
    "Configuration",
    '  method="mae" seed=0',
  ]);
});

test("words wrap at the width of a terminal, and nowhere else", () => {
  expect(shownWith({ isTTY: true, columns: 31 }, announced)).toEqual([
    "Pre-training with mae, a new",
    "run in runs/first",
    "  source  photos: 3,786 images",
    "          kept decoded in",
    "          memory",
  ]);
  expect(shownWith({ columns: 31 }, announced)).toEqual(announced.lines);
});

const job = { type: "job", folder: "runs/a", description: "pre-training: mae, seed 0", place: 2, total: 9 } as const;

test("warnings of what metrics show name their step; others are sentences of their own", () => {
  const lines = shown(
    {
      type: "warning",
      message: "patches point the same way.\nThey distinguish nothing.",
      sign: "no spread",
      step: 1200,
    },
    { type: "warning", message: "about 5 GiB of memory is planned", sign: "memory" },
    { type: "warning", message: "a.safetensors is not used: it is cut short" },
    { type: "skipped", index: 3, name: "b\u001b.png", reason: "the file is empty" },
  );
  expect(lines).toEqual([
    "Warning at step 1,200: patches point the same way.",
    "They distinguish nothing.",
    "Warning: about 5 GiB of memory is planned",
    "a.safetensors is not used: it is cut short",
    "Skipped b\\x1b.png: the file is empty",
  ]);
});

test("a job of a study stands before what it does", () => {
  const images = { type: "images", label: "embedded", total: 5, isPassing: false } as const;
  const lines = shown(
    { ...job, state: "began", secondsLeft: null, result: null },
    { ...images, state: "began", done: 0 },
    { ...job, state: "advanced", secondsLeft: 75, result: null },
    { ...images, state: "advanced", done: 5 },
    { ...images, state: "ended", done: 5 },
    { ...job, state: "finished", secondsLeft: 60, result: "top-1, in percent: 81.6" },
    { ...job, state: "failed", secondsLeft: 60, result: "the disk is full" },
  );
  expect(lines).toEqual([
    "[2 of 9] pre-training: mae, seed 0",
    "[2 of 9, 1 min 15 s left]  embedded 5/5  5 images/s  1 s",
    "  top-1, in percent: 81.6",
    "  Failed, and left for a later call: the disk is full",
  ]);
});

test("phases that keep the thread busy are named at once, others when they last", () => {
  const phase = { type: "phase", label: "Compiling", isBusy: true } as const;
  const quiet = { type: "phase", label: "Reading", isBusy: false } as const;
  expect(
    shown(
      { ...quiet, state: "began" },
      { ...quiet, state: "advanced", done: 3, total: 4 },
      { ...quiet, state: "ended" },
      { ...phase, state: "began" },
      { ...phase, state: "ended" },
    ),
  ).toEqual(["Compiling"]);
});
