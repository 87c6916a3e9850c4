// A run's metrics.jsonl, whole or thinned out.

import { readLines } from "../files/regular-file.js";
import { storageError } from "../files/storage.js";
import { inOrder, parseStep, type StepMetrics } from "../training/metrics-file.js";

/** Of a long run, reports look at one step in so many, and packs keep the same ones, so that both give one page. */
const EVERY = 20;
/** Runs of up to so many steps are kept whole. */
const WHOLE = 400;

/** Of a long run, some steps, with the first and the last; thinned out again, they stay as they are. */
export function thinned(metrics: readonly StepMetrics[]): StepMetrics[] {
  const last = metrics.at(-1)?.step ?? 0;
  return metrics.filter(({ step }) => last <= WHOLE || step % EVERY === 1 || step === last);
}

/**
 * Its whole lines in the order of the steps, each step once; the last line may be half written while a process is at it,
 * or was killed, and lines of a damaged file that are none are left out. Throws StorageError.
 */
export function readMetrics(path: string): StepMetrics[] {
  try {
    const whole = Array.from(readLines(path)).filter(({ isWhole }) => isWhole);
    return inOrder(whole.map(({ line }) => parseStep(line)).filter((step) => step !== undefined));
  } catch (error) {
    throw storageError(error, "read", path);
  }
}

/** What all steps took together, whichever process made them. */
export function trainingSeconds(path: string): number {
  return readMetrics(path).reduce(
    (sum, { stepSeconds }) => sum + (typeof stepSeconds === "number" ? stepSeconds : 0),
    0,
  );
}
