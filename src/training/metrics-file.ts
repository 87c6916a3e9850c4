// Reads metrics.jsonl as it is found: whole, cut short by a kill, or with lines that do not belong where they are.

import { closeSync } from "node:fs";
import { LARGEST_TEXT, openRegular } from "../files/regular-file.js";
import { storageError } from "../files/storage.js";
import { wholeLines } from "../files/whole-lines.js";

/** `step` counts from 1; the other fields are those of the method, lists where there is a value for each block. */
export interface StepMetrics {
  readonly step: number;
  readonly [name: string]: number | readonly number[];
}

/** Its metrics; undefined for whatever is no step's line. */
export function parseStep(line: string): StepMetrics | undefined {
  try {
    return stepOf(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/** The same of a line that was parsed. */
export function stepOf(value: unknown): StepMetrics | undefined {
  if (typeof value !== "object" || value === null || !("step" in value)) return undefined;
  if (!Number.isSafeInteger(value.step) || (value.step as number) < 1) return undefined;
  return Object.fromEntries(Object.entries(value).filter(([_, each]) => isMetric(each))) as unknown as StepMetrics;
}

/** A number, or a list of one for each block; a value that was not finite was written as null. */
function isMetric(value: unknown): boolean {
  return Array.isArray(value) ? value.every((each) => typeof each === "number") : typeof value === "number";
}

/** Where a step's line is in the file, its line break included. */
export interface Span {
  readonly begin: number;
  readonly end: number;
}

interface MetricsLine extends Span {
  /** Undefined where the line is none of a step. */
  readonly metrics: StepMetrics | undefined;
}

/**
 * Every whole line as it stands in the file: half a line at the end is what a killed process leaves. Ends before a line
 * that is longer than any of ours. Throws StorageError.
 */
export async function* metricsLines(path: string): AsyncGenerator<MetricsLine> {
  try {
    const { descriptor } = openRegular(path);
    try {
      let begin = 0;
      for await (const line of wholeLines(descriptor, LARGEST_TEXT)) {
        const end = begin + line.length + 1;
        yield { metrics: parseStep(line.toString("utf8")), begin, end };
        begin = end;
      }
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw storageError(error, "read", path);
  }
}

/** The steps in order, each as it was written first; lines that are none of a step are left out. Throws StorageError. */
export async function readMetrics(path: string): Promise<StepMetrics[]> {
  const byStep = new Map<number, StepMetrics>();
  for await (const { metrics } of metricsLines(path)) {
    if (metrics !== undefined && !byStep.has(metrics.step)) byStep.set(metrics.step, metrics);
  }
  return [...byStep.values()].sort((a, b) => a.step - b.step);
}

export interface MetricsScan {
  /** The last of the steps that stand in order, without gaps, from the beginning; 0 where there is none. */
  readonly last: number;
  /** Bytes of the lines up to `throughStep` within these. */
  readonly length: number;
  /** How many whole lines, after these, are not the next step's. */
  readonly misplaced: number;
  /** Where there are misplaced lines: of each step up to `throughStep`, the line that fits best. */
  readonly spans: ReadonlyMap<number, Span>;
}

/** Throws StorageError. */
export async function scanMetrics(path: string, throughStep: number): Promise<MetricsScan> {
  let [last, whole, length, misplaced] = [0, 0, 0, 0];
  const fitting = new Map<number, Span>();
  const others = new Map<number, Span>();
  for await (const { metrics, begin, end } of metricsLines(path)) {
    const step = metrics?.step;
    if (step !== undefined && (last === 0 || step === last + 1)) {
      last = step;
      if (misplaced === 0) whole = step;
      if (misplaced === 0 && step <= throughStep) length = end;
      if (step <= throughStep) fitting.set(step, { begin, end });
      continue;
    }
    misplaced++;
    if (step !== undefined && step <= throughStep && !others.has(step)) others.set(step, { begin, end });
  }
  if (misplaced === 0) return { last: whole, length, misplaced, spans: new Map() };
  for (const [step, span] of others) if (!fitting.has(step)) fitting.set(step, span);
  return { last: whole, length, misplaced, spans: fitting };
}
