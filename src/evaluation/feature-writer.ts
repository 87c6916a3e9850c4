// The files of an embedding while it is under way: rows and lines are appended, and what a killed process left is taken up.

import { existsSync, renameSync, statSync } from "node:fs";
import { readLines } from "../files/regular-file.js";
import { encodeNpyHeader } from "../formats/npy.js";
import { writeAtomically } from "../training/atomic-write.js";
import { storageError } from "../training/storage.js";
import { EvaluationError } from "./errors.js";
import { type FeatureLine, type FeatureOrigin, featurePaths, readOrigin } from "./feature-files.js";
import { PartialFile } from "./partial-file.js";

export class FeatureWriter {
  readonly #out: string;
  readonly #origin: FeatureOrigin;
  readonly #npy: PartialFile;
  readonly #jsonl: PartialFile;
  #count: number;

  private constructor(
    out: string,
    origin: FeatureOrigin,
    { count, length }: Lines,
    /** The first image of the source that is still to be read. */
    readonly next: number,
    /** Images before `next` that could not be read. */
    readonly missing: readonly number[],
  ) {
    const paths = partialPaths(out);
    const header = encodeNpyHeader([0, origin.width]);
    this.#out = out;
    this.#origin = origin;
    this.#count = count;
    this.#npy = new PartialFile(paths.npy, count === 0 ? 0 : header.length + count * 4 * origin.width);
    if (count === 0) this.#npy.append(header);
    this.#jsonl = new PartialFile(paths.jsonl, length);
  }

  /**
   * Opens the unfinished files of the same embedding, or new ones; "finished" where it is done already.
   * Throws EvaluationError where other files have the names, and StorageError.
   */
  static async open(out: string, origin: FeatureOrigin): Promise<FeatureWriter | "finished"> {
    const paths = featurePaths(out);
    const partial = partialPaths(out);
    const finished = readOrigin(paths.json);
    if (finished !== undefined) {
      refuseAnother(paths.json, finished, origin);
      return "finished";
    }
    const begun = readOrigin(partial.json);
    if (begun === undefined) {
      for (const path of [paths.npy, paths.jsonl]) {
        if (!existsSync(path)) continue;
        const remedy = "Choose another name for --out, or delete that file";
        throw new EvaluationError({ expected: "a name for features that is free", found: `${path} there`, remedy });
      }
      await writeAtomically(partial.json, [Buffer.from(`${JSON.stringify(origin)}\n`)]);
      return new FeatureWriter(out, origin, { count: 0, length: 0 }, 0, []);
    }
    refuseAnother(partial.json, begun, origin);
    // A process that was killed while it finished has renamed some of the files already.
    for (const name of ["npy", "jsonl"] as const) {
      if (!existsSync(partial[name]) && existsSync(paths[name])) rename(paths[name], partial[name]);
    }
    const header = encodeNpyHeader([0, origin.width]);
    const size = existsSync(partial.npy) ? statSync(partial.npy).size : 0;
    const rows = Math.max(0, Math.floor((size - header.length) / (4 * origin.width)));
    const { next, missing, ...lines } = wholeLines(partial.jsonl, rows);
    return new FeatureWriter(out, origin, lines, next, missing);
  }

  /** Rows so far. */
  get count(): number {
    return this.#count;
  }

  /** Rows first: what a kill leaves is cut back to rows that have a line. */
  append(features: Float32Array, lines: readonly FeatureLine[]): void {
    this.#npy.append(new Uint8Array(features.buffer, features.byteOffset, features.byteLength));
    this.#jsonl.append(Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join("")));
    this.#count += lines.length;
  }

  /** Gives the files their names; the description comes last, for with it the embedding is finished. */
  async finish(skipped: readonly string[]): Promise<void> {
    this.#npy.writeAt(encodeNpyHeader([this.#count, this.#origin.width]), 0);
    for (const file of [this.#npy, this.#jsonl]) file.sync();
    this.close();
    const [paths, partial] = [featurePaths(this.#out), partialPaths(this.#out)];
    rename(partial.npy, paths.npy);
    rename(partial.jsonl, paths.jsonl);
    const description = { ...this.#origin, count: this.#count, skipped };
    await writeAtomically(partial.json, [Buffer.from(`${JSON.stringify(description, null, 2)}\n`)]);
    rename(partial.json, paths.json);
  }

  /** Leaves the files to a later process. */
  close(): void {
    this.#npy.close();
    this.#jsonl.close();
  }
}

interface Lines {
  readonly count: number;
  /** Bytes. */
  readonly length: number;
}

function partialPaths(out: string) {
  const { npy, jsonl, json } = featurePaths(out);
  return { npy: `${npy}.partial`, jsonl: `${jsonl}.partial`, json: `${json}.partial` } as const;
}

function refuseAnother(path: string, found: FeatureOrigin, wanted: FeatureOrigin): void {
  const keys = Object.keys(wanted) as (keyof FeatureOrigin)[];
  const differing = keys.find((key) => JSON.stringify(found[key]) !== JSON.stringify(wanted[key]));
  if (differing === undefined) return;
  throw new EvaluationError({
    expected: `${path} to be of the same embedding (${differing} ${JSON.stringify(wanted[differing])})`,
    found: `${differing} ${JSON.stringify(found[differing])}`,
    remedy: "Choose another name for --out, or delete the files of the former embedding",
  });
}

/** How far a file of lines goes: at most `most` lines, whole ones; their bytes, and which images they tell about. */
function wholeLines(path: string, most: number) {
  const missing: number[] = [];
  let [count, length, next] = [0, 0, 0];
  if (most === 0 || !existsSync(path)) return { count, length, next, missing };
  for (const { line, isWhole } of readLines(path)) {
    if (count === most || !isWhole) break;
    const { index } = JSON.parse(line) as FeatureLine;
    for (; next < index; next++) missing.push(next);
    count++;
    length += Buffer.byteLength(line) + 1;
    next = index + 1;
  }
  return { count, length, next, missing };
}

function rename(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    throw storageError(error, "rename", from);
  }
}
