// The three files of embedded images together: features (.npy), names and labels line by line (.jsonl), description (.json).

import { existsSync, statSync } from "node:fs";
import { storageError } from "../files/storage.js";
import type { VectorSource } from "../heads/neighbours.js";
import { EvaluationError } from "./errors.js";
import { type FeatureDescription, featurePaths, notIntact, readDescription } from "./feature-description.js";
import { type FeatureLine, readLines } from "./feature-lines.js";
import { openRows } from "./feature-rows.js";

/** Features on disk, as they are needed: neither rows nor names are held in memory. All that is read is checked. */
export interface FeatureFiles {
  readonly description: FeatureDescription;
  readonly vectors: VectorSource;
  /** Names and labels of rows, in the order asked for. Throws EvaluationError, StorageError. */
  lines(rows: ArrayLike<number>): Promise<FeatureLine[]>;
  /** Gives the files back; nothing may be read afterwards. */
  close(): void;
}

/** Throws EvaluationError, StorageError; so does reading from them. */
export function openFeatures(npy: string): FeatureFiles {
  const paths = featurePaths(npy);
  if (!existsSync(paths.json) && existsSync(`${paths.json}.partial`)) {
    throw new EvaluationError({
      expected: `a finished embedding in ${paths.npy}`,
      found: "one that is under way or was interrupted",
      remedy: "Run the same mixedae embed command again, or wait until it ends",
    });
  }
  const description = readDescription(paths.json);
  checkSize(paths.jsonl, description);
  const { close, ...vectors } = openRows(paths.npy, description);
  return { description, vectors, lines: (rows) => readLines(paths.jsonl, description, rows), close };
}

/** Tells at once what the checksum would tell at the end. */
function checkSize(path: string, description: FeatureDescription): void {
  let size: number;
  try {
    size = statSync(path).size;
  } catch (error) {
    throw storageError(error, "read", path);
  }
  if (description.version === 1 || size === description.lines.bytes) return;
  throw notIntact(`${description.lines.bytes} bytes in ${path}, as its description says`, `${size}`);
}

const ROWS_AT_ONCE = 8192;

/** Reads all of an embedding. Throws EvaluationError where anything is not as it was written, StorageError. */
export async function verifyFeatures(npy: string): Promise<void> {
  const files = openFeatures(npy);
  try {
    const { count, width, read } = files.vectors;
    const block = new Float32Array(Math.min(ROWS_AT_ONCE, count) * width);
    for (let first = 0; first < count; first += ROWS_AT_ONCE) {
      read(first, Math.min(ROWS_AT_ONCE, count - first), block);
    }
    await files.lines([]);
  } finally {
    files.close();
  }
}
