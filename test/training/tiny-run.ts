// Whole runs small enough for tests: a few images of noise, models of a few thousand parameters.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, expect } from "vitest";
import { layerFromAssignments, type PretrainConfig, resolveConfig } from "#src/config/config.js";
import { Progress } from "#src/terminal/progress.js";
import { StoppedError } from "#src/training/errors.js";
import { EventDisplay } from "#src/training/event-display.js";
import type { RunEvent } from "#src/training/events.js";
import type { StepMetrics } from "#src/training/metrics-file.js";

type DistillationName = "ibot" | "dino";
type ReconstructingConfig = Exclude<PretrainConfig, { readonly method: DistillationName }>;
type DistillationConfig = Extract<PretrainConfig, { readonly method: DistillationName }>;

/** Keys of a run of 10 steps on one thread: with 40 images, 5 batches a pass. */
export const tinyAssignments: readonly string[] = [
  "model.imageSize=16",
  "model.patchSize=4",
  "model.width=16",
  "model.depth=2",
  "model.heads=2",
  "model.decoderWidth=8",
  "model.decoderDepth=1",
  "model.decoderHeads=2",
  "schedule.steps=10",
  "schedule.batchSize=8",
  "data.workers=1",
  "run.threads=1",
  "run.checkpointEvery=4",
  "run.picturesEvery=0",
];

/** Keys of a run of a method with a teacher, with two local crops of 8 pixels. */
const tinyDistillationAssignments: readonly string[] = [
  "methodOptions.localCrops=2",
  "methodOptions.localSize=8",
  "methodOptions.prototypes=16",
  "methodOptions.headHidden=12",
  "methodOptions.headBottleneck=8",
];

export function tinyConfig(source: string, ...assignments: readonly string[]): ReconstructingConfig {
  return reconstructing(resolveTiny(source, assignments));
}

export function reconstructing(config: PretrainConfig): ReconstructingConfig {
  if (isDistillation(config)) throw new Error("expected a method that reconstructs");
  return config;
}

export function tinyDistillationConfig(
  method: DistillationName,
  source: string,
  ...assignments: readonly string[]
): DistillationConfig {
  const config = resolveTiny(source, [`method=${method}`, ...tinyDistillationAssignments, ...assignments]);
  if (!isDistillation(config)) throw new Error("expected a method with a teacher");
  return config;
}

export function tinyIbotConfig(source: string, ...assignments: readonly string[]): DistillationConfig {
  return tinyDistillationConfig("ibot", source, ...assignments);
}

function isDistillation(config: PretrainConfig): config is DistillationConfig {
  return config.method === "ibot" || config.method === "dino";
}

function resolveTiny(source: string, assignments: readonly string[]): PretrainConfig {
  return resolveConfig(
    [[`source=${source}`, ...tinyAssignments], assignments].map((layer) => layerFromAssignments(layer)),
  );
}

/** Image files "000.png" on, all different, of soft shapes with some noise. */
export async function writeImages(folder: string, count = 40, side = 16): Promise<string> {
  mkdirSync(folder, { recursive: true });
  for (let index = 0; index < count; index++) {
    const pixels = Uint8Array.from({ length: side * side * 3 }, (_, place) => {
      const [channel, x, y] = [place % 3, Math.floor(place / 3) % side, Math.floor(place / 3 / side)];
      const wave = Math.sin((x * (1 + (index % 5))) / 5 + channel) * Math.cos((y * (1 + (index % 3))) / 4 + index);
      return 128 + 100 * wave + ((place * 7919 + index * 104729) % 23);
    });
    const image = sharp(pixels, { raw: { width: side, height: side, channels: 3 } });
    writeFileSync(join(folder, `${String(index).padStart(3, "0")}.png`), await image.png().toBuffer());
  }
  return folder;
}

/** A folder for all tests of a file; returns a function that gives paths in it. */
export function sharedFolder(): (...names: string[]) => string {
  const folder = mkdtempSync(join(tmpdir(), "mixedae-run-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return (...names) => join(folder, ...names);
}

export interface RecordedOptions {
  readonly signal: AbortSignal;
  readonly onEvent: (event: RunEvent) => void;
  /** What was shown, line by line. */
  readonly lines: string[];
  readonly events: RunEvent[];
}

/** Options of a run that record what it says, and stop it after `stopAfter` steps of this process; 0 before the first. */
export function recordOptions(stopAfter: number = Number.POSITIVE_INFINITY): RecordedOptions {
  const [lines, events]: [string[], RunEvent[]] = [[], []];
  const controller = new AbortController();
  const display = new EventDisplay(new Progress({ write: (text) => lines.push(...text.trimEnd().split("\n")) }));
  let steps = 0;
  const onEvent = (event: RunEvent) => {
    events.push(event);
    display.show(event);
    if (event.type === "step") steps++;
    if ((event.type === "step" || event.type === "announced") && steps >= stopAfter)
      controller.abort(new StoppedError());
  };
  return { lines, events, onEvent, signal: controller.signal };
}

export function readMetrics(folder: string): StepMetrics[] {
  const lines = readFileSync(join(folder, "metrics.jsonl"), "utf8").split("\n");
  expect(lines.pop()).toBe("");
  return lines.map((line) => JSON.parse(line) as StepMetrics);
}

const timings = new Set(["imagesPerSecond", "stepSeconds", "dataWaitSeconds"]);

/** Expects the same steps with the same metrics, timings aside, within a relative tolerance. */
export function expectSameMetrics(
  found: readonly StepMetrics[],
  wanted: readonly StepMetrics[],
  tolerance = 1e-6,
): void {
  expect(found.map(({ step }) => step)).toEqual(wanted.map(({ step }) => step));
  for (const [index, line] of wanted.entries()) {
    expect(Object.keys(found[index]!)).toEqual(Object.keys(line));
    for (const [name, value] of Object.entries(line)) {
      if (timings.has(name)) continue;
      const [ours, theirs] = [[found[index]![name]!].flat(), [value].flat()];
      expect(ours.length).toBe(theirs.length);
      for (const [place, other] of theirs.entries()) {
        const gap = Math.abs(ours[place]! - other);
        expect(gap, `${name} of step ${line.step}: ${ours[place]} instead of ${other}`).toBeLessThanOrEqual(
          tolerance * Math.abs(other),
        );
      }
    }
  }
}
