// What a stream of batches holds in memory: planned before anything is read, and whether the set is kept decoded.

import { type BatchOptions, bytesOfViews, checkBatchOptions } from "./batch-options.js";
import { isShrunk } from "./decode-image.js";
import { type DecodeResult, type DecodeTask, type ImageNotice, makeWorkerData } from "./decode-protocol.js";
import { countOf, type ImageSource } from "./image-source.js";
import type { StoreChunk } from "./image-store.js";
import type { WorkerPool } from "./worker-pool.js";

/** How the images of a stream are held. */
export interface MemoryUse {
  readonly inMemory: boolean;
  /** Bytes of all decoded images; an estimate where they are not kept. */
  readonly bytes: number;
  /** One line for people. */
  readonly description: string;
}

const SAMPLE = 32;
const LARGEST_CHUNK = 256;
/** A worker holds a chunk twice while it packs it. */
const CHUNK_BYTES = 2 ** 24;

type Pool = WorkerPool<DecodeTask, DecodeResult, ImageNotice>;

/**
 * Keeps the set in memory if all of it fits into `budget` bytes. A few images, evenly spread, are decoded first, so
 * that half a large set is not read in vain; the real sum decides. Neither depends on timing or worker count, and the
 * pixels of batches do not depend on the decision.
 */
export async function bringIntoMemory(
  source: ImageSource,
  pool: Pool,
  budget: number,
  onProgress: (done: number, count: number) => void,
): Promise<MemoryUse> {
  const { count, table } = source;
  if (table.kind === "pixels") {
    const bytes = table.pixels.length;
    return { inMemory: true, bytes, description: `${countOf(count, "image")} in memory (${mebibytes(bytes)})` };
  }
  const sample = Math.min(SAMPLE, count);
  const indices = Array.from({ length: sample }, (_, i) => Math.floor((i * count) / sample));
  const measured = await pool.run({ kind: "measure", indices });
  const mean = measured.kind === "measure" ? measured.bytes / Math.max(1, measured.readable) : 0;
  const estimate = mean * count;
  if (estimate > budget) return streamed(count, estimate, budget);

  const chunkSize = Math.max(
    1,
    Math.min(LARGEST_CHUNK, Math.floor(CHUNK_BYTES / mean), Math.ceil(count / (8 * pool.size))),
  );
  const chunkCount = Math.ceil(count / chunkSize);
  const chunks = new Array<StoreChunk>(chunkCount);
  let bytes = 0;
  let done = 0;
  let next = 0;
  // The images after the sample may be far larger: the workers count what they decode, so that they stop in time.
  const used = new BigInt64Array(new SharedArrayBuffer(8));
  const isSpent = () => Atomics.load(used, 0) > budget;
  const load = async () => {
    while (next < chunkCount && !isSpent()) {
      const number = next++;
      const first = number * chunkSize;
      const end = Math.min(count, first + chunkSize);
      const packed = await pool.run({ kind: "pack", first, end, budget: { most: budget, used } });
      if (packed.kind !== "pack" || packed.chunk === undefined) continue;
      chunks[number] = packed.chunk;
      bytes += packed.chunk.pixels.length + (packed.chunk.masks?.length ?? 0);
      done += end - first;
      onProgress(done, count);
    }
  };
  await Promise.all(Array.from({ length: 2 * pool.size }, load));
  if (isSpent()) return streamed(count, Math.max(Number(Atomics.load(used, 0)), estimate), budget);
  await pool.runEverywhere({ kind: "adopt", store: { chunkSize, chunks } });
  return {
    inMemory: true,
    bytes,
    description: `${countOf(count, "image")} kept decoded in memory (${mebibytes(bytes)} of a budget of ${mebibytes(budget)})`,
  };
}

function streamed(count: number, bytes: number, budget: number): MemoryUse {
  const decoded = `decoded they would take about ${mebibytes(bytes)}, more than the memory budget of ${mebibytes(budget)}`;
  return { inMemory: false, bytes, description: `${countOf(count, "image")} read from disk as needed (${decoded})` };
}

function mebibytes(bytes: number): string {
  const mib = bytes / 2 ** 20;
  return `${mib < 10 ? mib.toFixed(1) : Math.round(mib).toLocaleString("en-US")} MiB`;
}

export interface BatchMemory {
  /** Batches that are prepared ahead, and the one in use. */
  readonly batchBytes: number;
  /**
   * Decoded images that may be kept in addition to what the source already holds: all of them at the size at which they are
   * decoded, but never more than the budget. Whether they are kept is known once some have been decoded.
   */
  readonly imageBytes: number;
}

/** Throws DataOptionError. */
export function planBatchMemory(options: BatchOptions): BatchMemory {
  const checked = checkBatchOptions(options);
  const { source, channels, views, targets, prefetch, memoryBudget } = checked;
  const images = checked.places?.length ?? checked.batchSize;
  const ofImage = bytesOfViews(views, targets);
  const { workingSide } = makeWorkerData(checked).decode;
  // How large images are that are not shrunk, nobody knows before they are decoded.
  const side = isShrunk(channels) ? workingSide : Number.POSITIVE_INFINITY;
  const perPixel = targets.masks === undefined ? channels : channels + 1;
  const decoded = source.table.kind === "pixels" ? 0 : source.count * side ** 2 * perPixel;
  return { batchBytes: (prefetch + 1) * images * ofImage, imageBytes: Math.min(memoryBudget, decoded) };
}
