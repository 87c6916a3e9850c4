// A line of the table of runs, from the ends of its files alone.

import { statSync } from "node:fs";
import { FileLock } from "../files/file-lock.js";
import { meanOf } from "../methods/metric-values.js";
import { type StepMetrics, stepOf } from "../training/metrics-file.js";
import type { RunRow, RunState } from "./api.js";
import { firstLines, type Line, lastLines } from "./file-ends.js";
import type { Place } from "./find-places.js";
import { healthOf } from "./health-words.js";
import type { RunFiles } from "./run-files.js";
import type { RunSettings } from "./run-settings.js";

/** Some hundred steps. */
const TAIL_BYTES = 1 << 16;
/** A run from weights lists the names of their tensors before it announces its steps. */
const HEAD_BYTES = 1 << 18;
/** Means are over as many steps: single batches differ. */
const WINDOW = 100;

export function runRow(place: Place, files: RunFiles, settings: RunSettings): RunRow {
  const head = linesOf(files.events, (path) => firstLines(path, HEAD_BYTES));
  const events = linesOf(files.events, (path) => lastLines(path, TAIL_BYTES));
  const first = stepsOf(linesOf(files.metrics, (path) => firstLines(path, TAIL_BYTES, 1)))[0];
  const last = stepsOf(linesOf(files.metrics, (path) => lastLines(path, TAIL_BYTES, WINDOW)));
  const step = last.at(-1)?.step ?? 0;
  const announced = [...events].reverse().find(isAnnounced) ?? head.find(isAnnounced);
  const totalSteps = numberOf(announced?.totalSteps) ?? settings.steps;
  const state = stateOf(files, events);
  const doing = state === "running" ? doingOf(events) : null;
  const lastActive = newest(files.metrics, files.events);
  const means = meanOf(last);
  const isRunning = state === "running";
  const { task, method, model, batchSize, pretrain } = settings;
  const silentSeconds = lastActive === null ? 0 : (Date.now() - lastActive) / 1000;
  return {
    id: place.id,
    name: place.name,
    ...{ task, method, model, batchSize, state, doing, step, totalSteps },
    imagesPerSecond: numberOf(means.imagesPerSecond),
    secondsLeft: isRunning && totalSteps !== null ? product(totalSteps - step, numberOf(means.stepSeconds)) : null,
    loss: numberOf(means.loss),
    health: healthOf({
      ...{ state, doing, pretrain, step, totalSteps, first, last, means, silentSeconds },
      failure: textOf(events.at(-1)?.message),
    }),
    began: textOf(head[0]?.time),
    lastActive: lastActive === null ? null : new Date(lastActive).toISOString(),
  };
}

function stateOf({ lock }: RunFiles, events: readonly Line[]): RunState {
  if (lock !== undefined && isHeld(lock)) return "running";
  const last = events.at(-1);
  if (last === undefined) return "waiting";
  if (last.type === "failed") return "failed";
  if (last.type !== "finished") return "interrupted";
  return last.outcome === "finished" ? "finished" : "stopped";
}

function isHeld(lock: string): boolean {
  try {
    return FileLock.isHeld(lock);
  } catch {
    return false;
  }
}

/** What is under way before the first step of a process. */
function doingOf(events: readonly Line[]): string | null {
  const last = events.at(-1);
  return last?.type === "phase" || last?.type === "images" ? textOf(last.label) : null;
}

function isAnnounced({ type }: Line): boolean {
  return type === "announced";
}

function stepsOf(lines: readonly Line[]): StepMetrics[] {
  return lines.flatMap((line) => stepOf(line) ?? []);
}

function linesOf(path: string | undefined, read: (path: string) => Line[]): Line[] {
  if (path === undefined) return [];
  try {
    return read(path);
  } catch {
    return [];
  }
}

function newest(...paths: readonly (string | undefined)[]): number | null {
  const times = paths.flatMap((path) => {
    try {
      return path === undefined ? [] : [statSync(path).mtimeMs];
    } catch {
      return [];
    }
  });
  return times.length === 0 ? null : Math.max(...times);
}

function product(count: number, seconds: number | null): number | null {
  return seconds === null ? null : Math.max(0, count) * seconds;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
