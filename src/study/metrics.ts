// A run's metrics.jsonl, whole or thinned out.

import { readFileSync } from "node:fs";
import type { StepMetrics } from "../training/metrics-log.js";
import { storageError } from "../training/storage.js";

/** Its lines in order. Throws StorageError. */
export function readMetrics(path: string): StepMetrics[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw storageError(error, "read", path);
  }
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as StepMetrics);
}

/** What all steps took together, whichever process made them. */
export function trainingSeconds(path: string): number {
  return readMetrics(path).reduce((sum, { stepSeconds }) => sum + (stepSeconds as number), 0);
}
