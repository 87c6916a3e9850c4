// The files of an embedding while it is under way: rows and lines are appended, and what a killed process left is taken up.

import { existsSync, renameSync, rmSync } from "node:fs";
import { basename, dirname } from "node:path";
import { removeLeftovers, writeAtomically } from "../files/atomic-write.js";
import { FileLock } from "../files/file-lock.js";
import { PartialFile } from "../files/growing-file.js";
import { storageError } from "../files/storage.js";
import { encodeNpyHeader } from "../formats/npy.js";
import { BusyFilesError, EvaluationError } from "./errors.js";
import type { GrowingChecksums } from "./feature-checksums.js";
import {
  encodeDescription,
  type FeatureOrigin,
  featurePaths,
  readBegunOrigin,
  readOrigin,
} from "./feature-description.js";
import { verifyFeatures } from "./feature-files.js";
import { encodeLines, type FeatureLine } from "./feature-lines.js";
import { type IntactBatches, intactBatches, type UnfinishedFiles } from "./unfinished-features.js";

/** How much work a power failure may cost; that of a kill is a batch at most. */
const SYNC_MILLISECONDS = 10_000;

export interface WriterOptions {
  /** Milliseconds that never go back. */
  readonly clock?: () => number;
}

export class FeatureWriter {
  readonly #out: string;
  readonly #origin: FeatureOrigin;
  readonly #lock: FileLock;
  readonly #files: UnfinishedFiles;
  readonly #checksums: GrowingChecksums;
  readonly #clock: () => number;
  #lastSync: number;
  #closed = false;
  /** The first image of the source that is still to be read. */
  readonly next: number;
  /** Images before `next` that could not be read. */
  readonly missing: readonly number[];
  /** Whether the unfinished files had more, but damaged or without the checksums to tell. */
  readonly damaged: boolean;

  private constructor(
    out: string,
    origin: FeatureOrigin,
    lock: FileLock,
    files: UnfinishedFiles,
    { checksums, recordBytes, missing, damaged }: IntactBatches,
    clock: () => number,
  ) {
    this.#out = out;
    this.#origin = origin;
    this.#lock = lock;
    this.#files = files;
    this.#checksums = checksums;
    this.#clock = clock;
    this.#lastSync = clock();
    this.next = checksums.images;
    this.missing = missing;
    this.damaged = damaged;
    const header = encodeNpyHeader([0, origin.width]);
    files.npy.cut(header.length + checksums.rows * 4 * origin.width);
    files.npy.writeAt(header, 0);
    files.jsonl.cut(checksums.lineBytes);
    files.batches.cut(recordBytes);
  }

  /**
   * Opens the unfinished files of the same embedding, or new ones; "finished" where it is done already and intact.
   * Throws EvaluationError where other files have the names, another process is writing these, or the finished ones
   * are damaged, and StorageError.
   */
  static async open(
    out: string,
    origin: FeatureOrigin,
    { clock = () => performance.now() }: WriterOptions = {},
  ): Promise<FeatureWriter | "finished"> {
    if (await isFinished(out, origin)) return "finished";
    const lock = takeLock(out);
    try {
      // Another process may have finished it just before the lock was ours.
      if (await isFinished(out, origin)) {
        lock.release();
        return "finished";
      }
      const isOlder = await prepare(out, origin);
      const files = openFiles(out);
      try {
        const intact = await intactBatches(files, origin);
        const damaged = intact.damaged || isOlder;
        return new FeatureWriter(out, origin, lock, files, { ...intact, damaged }, clock);
      } catch (error) {
        closeFiles(files);
        throw error;
      }
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Rows so far. */
  get count(): number {
    return this.#checksums.rows;
  }

  /**
   * Adds the rows and lines of the images up to `next`; none of those that could not be read. The record comes last:
   * what has none is cut off after a kill.
   */
  append(features: Float32Array, lines: readonly FeatureLine[], next: number): void {
    const { npy, jsonl, batches } = this.#files;
    const rows = new Uint8Array(features.buffer, features.byteOffset, features.byteLength);
    const text = encodeLines(lines);
    npy.append(rows);
    jsonl.append(text);
    this.#checksums.addRows(rows);
    this.#checksums.addLines(text);
    batches.append(Buffer.from(`${this.#checksums.endBatch(next)}\n`));
    if (this.#clock() - this.#lastSync >= SYNC_MILLISECONDS) this.sync();
  }

  /** Returns when everything so far is on the disk, and would survive a power failure. */
  sync(): void {
    const { npy, jsonl, batches } = this.#files;
    for (const file of [npy, jsonl, batches]) file.sync();
    this.#lastSync = this.#clock();
  }

  /** Gives the files their names; the description comes last, for with it the embedding is finished. */
  async finish(skipped: readonly string[]): Promise<void> {
    const [paths, partial] = [featurePaths(this.#out), partialPaths(this.#out)];
    const { count } = this;
    this.#files.npy.writeAt(encodeNpyHeader([count, this.#origin.width]), 0);
    this.sync();
    this.#closeFiles();
    try {
      rename(partial.npy, paths.npy);
      rename(partial.jsonl, paths.jsonl);
      const description = encodeDescription(this.#origin, { count, skipped }, this.#checksums.summary());
      await writeAtomically(partial.json, [Buffer.from(description)]);
      rename(partial.json, paths.json);
      removeRecords(this.#out);
    } finally {
      this.#lock.release();
    }
  }

  /** Leaves the files to a later process, where they are not finished. */
  close(): void {
    this.#closeFiles();
    this.#lock.release();
  }

  #closeFiles(): void {
    if (!this.#closed) closeFiles(this.#files);
    this.#closed = true;
  }
}

function partialPaths(out: string) {
  const { npy, jsonl, json, stem } = featurePaths(out);
  return {
    npy: `${npy}.partial`,
    jsonl: `${jsonl}.partial`,
    json: `${json}.partial`,
    batches: `${stem}.batches.partial`,
  } as const;
}

async function isFinished(out: string, origin: FeatureOrigin): Promise<boolean> {
  const { json } = featurePaths(out);
  const finished = readOrigin(json);
  if (finished === undefined) return false;
  refuseAnother(json, finished, origin);
  await verifyFeatures(out);
  // A process that was killed right after it had finished has left them.
  removeRecords(out);
  return true;
}

function takeLock(out: string): FileLock {
  const { npy } = featurePaths(out);
  const taken = FileLock.acquire(`${npy}.lock`);
  if (taken instanceof FileLock) return taken;
  throw new BusyFilesError({
    expected: `no other process to be writing ${npy}`,
    found: taken.busy,
    remedy: `Wait until it ends or stop it${taken.hint}`,
  });
}

/**
 * Makes sure that the names are free or have unfinished files of the same embedding. Says whether these are of a
 * version that kept no record of its batches.
 */
async function prepare(out: string, origin: FeatureOrigin): Promise<boolean> {
  const [paths, partial] = [featurePaths(out), partialPaths(out)];
  // Of the description alone: the folder may be anybody's.
  await removeLeftovers(dirname(partial.json), undefined, basename(partial.json));
  const begun = readBegunOrigin(partial.json);
  if (begun !== undefined) refuseAnother(partial.json, begun, origin);
  for (const name of ["npy", "jsonl"] as const) {
    if (!existsSync(paths[name])) continue;
    if (begun === undefined || existsSync(partial[name])) {
      const remedy = "Choose another name for --out, or delete that file";
      throw new EvaluationError({
        expected: "a name for features that is free",
        found: `${paths[name]} there`,
        remedy,
      });
    }
    // A process that was killed while it finished had renamed it already.
    rename(paths[name], partial[name]);
  }
  if (begun === undefined) await writeAtomically(partial.json, [Buffer.from(`${JSON.stringify(origin)}\n`)]);
  return existsSync(partial.npy) && !existsSync(partial.batches);
}

/** The records first: where there are rows there are records, except of older versions. */
function openFiles(out: string): UnfinishedFiles {
  const paths = partialPaths(out);
  const opened: PartialFile[] = [];
  try {
    for (const path of [paths.batches, paths.npy, paths.jsonl]) opened.push(new PartialFile(path));
  } catch (error) {
    for (const file of opened) file.close();
    throw error;
  }
  const [batches, npy, jsonl] = opened as [PartialFile, PartialFile, PartialFile];
  return { npy, jsonl, batches };
}

function closeFiles({ npy, jsonl, batches }: UnfinishedFiles): void {
  for (const file of [npy, jsonl, batches]) file.close();
}

function removeRecords(out: string): void {
  const { batches } = partialPaths(out);
  try {
    rmSync(batches, { force: true });
  } catch (error) {
    throw storageError(error, "delete", batches);
  }
}

function refuseAnother(path: string, found: FeatureOrigin, { version: _, ...wanted }: FeatureOrigin): void {
  const keys = Object.keys(wanted) as (keyof typeof wanted)[];
  const differing = keys.find((key) => JSON.stringify(found[key]) !== JSON.stringify(wanted[key]));
  if (differing === undefined) return;
  throw new EvaluationError({
    expected: `${path} to be of the same embedding (${differing} ${JSON.stringify(wanted[differing])})`,
    found: `${differing} ${JSON.stringify(found[differing])}`,
    remedy: "Choose another name for --out, or delete the files of the former embedding",
  });
}

function rename(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    throw storageError(error, "rename", from);
  }
}
