// Reads metrics.jsonl as it is found: whole, cut short by a kill, or with lines that do not belong where they are.

import { LARGEST_TEXT } from "../files/regular-file.js";
import { withDescriptor } from "../files/storage.js";
import { wholeLines } from "../files/whole-lines.js";

/** `step` counts from 1; the other fields are those of the method, lists where there is a figure for each block. */
export interface StepMetrics {
  readonly step: number;
  readonly [name: string]: number | readonly number[];
}

/** Its figures; undefined for whatever is no step's line. */
export function parseStep(line: string): StepMetrics | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null || !("step" in value)) return undefined;
    if (!Number.isSafeInteger(value.step) || (value.step as number) < 1) return undefined;
    return Object.fromEntries(Object.entries(value).filter(([_, each]) => isFigure(each))) as unknown as StepMetrics;
  } catch {
    return undefined;
  }
}

/** A number, or a list of one for each block; a figure that was not finite was written as null. */
function isFigure(value: unknown): boolean {
  return Array.isArray(value) ? value.every((each) => typeof each === "number") : typeof value === "number";
}

/** The steps in order, each as it was written first; what is no step's line is left out. */
export function inOrder(steps: readonly StepMetrics[]): StepMetrics[] {
  const byStep = new Map<number, StepMetrics>();
  for (const each of steps) if (!byStep.has(each.step)) byStep.set(each.step, each);
  return [...byStep.values()].sort((a, b) => a.step - b.step);
}

/** Where a step's line is in the file, its line break included. */
export interface Span {
  readonly begin: number;
  readonly end: number;
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

/** Looks at every whole line; half a line at the end is what a killed process leaves. */
export async function scanMetrics(path: string, throughStep: number): Promise<MetricsScan> {
  let [last, whole, length, misplaced] = [0, 0, 0, 0];
  const fitting = new Map<number, Span>();
  const others = new Map<number, Span>();
  await withDescriptor(path, async (descriptor) => {
    let begin = 0;
    for await (const line of wholeLines(descriptor, LARGEST_TEXT)) {
      const span = { begin, end: begin + line.length + 1 };
      begin = span.end;
      const step = parseStep(line.toString("utf8"))?.step;
      if (step !== undefined && (last === 0 || step === last + 1)) {
        last = step;
        if (misplaced === 0) whole = step;
        if (misplaced === 0 && step <= throughStep) length = span.end;
        if (step <= throughStep) fitting.set(step, span);
        continue;
      }
      misplaced++;
      if (step !== undefined && step <= throughStep && !others.has(step)) others.set(step, span);
    }
  });
  if (misplaced === 0) return { last: whole, length, misplaced, spans: new Map() };
  for (const [step, span] of others) if (!fitting.has(step)) fitting.set(step, span);
  return { last: whole, length, misplaced, spans: fitting };
}
