// Batches of augmented images in a reproducible order, prepared ahead on worker threads.

import { type BatchOptions, type CheckedBatchOptions, checkBatchOptions } from "./batch-options.js";
import type { BatchBoxes } from "./box-view.js";
import { changedImage } from "./changed-image.js";
import type { DecodeResult, DecodeTask, ImageNotice } from "./decode-protocol.js";
import { makeWorkerData, WORKER_SCRIPT } from "./decode-protocol.js";
import { giveBack } from "./decode-room.js";
import { EpochOrder } from "./epoch-order.js";
import { DataOptionError, SourceError, TooFewImagesError } from "./errors.js";
import type { ImageSides } from "./image-size.js";
import { countOf } from "./image-source.js";
import { bringIntoMemory, type MemoryUse } from "./memory-plan.js";
import { SkipLog } from "./skip-log.js";
import type { ViewGroup } from "./view-group.js";
import { WorkerPool } from "./worker-pool.js";

/** The views of one group of a batch. */
export interface BatchViews {
  readonly name: string;
  /** How many there are of each image. */
  readonly count: number;
  readonly imageSize: ImageSides;
  /** 8-bit sRGB, [count, batch, height, width, channels]. */
  readonly pixels: Uint8Array;
  /** [count, batch, height, width], where the images have masks. */
  readonly masks?: Uint8Array;
  /** Of count * batch pictures, where the images have boxes. */
  readonly boxes?: BatchBoxes;
}

/** One batch of a run. */
export interface Batch {
  /** The number of the step that it is for, from 1 over the whole run. */
  readonly step: number;
  /** How many passes over the images were complete before it. */
  readonly epoch: number;
  /** The number of its first image, of those that were asked for, within the epoch. */
  readonly firstImage: number;
  /** The places of its images in the whole batch. */
  readonly places: Int32Array;
  /** The images shown; where one could not be read, the index of its substitute. */
  readonly indices: Int32Array;
  /** 8-bit sRGB, [batch, height, width, channels]: the first view of the first group. */
  readonly pixels: Uint8Array;
  /** All views, in the order of the options; the first group shares its memory with `pixels`. */
  readonly views: readonly BatchViews[];
  /** How long `next()` waited for it. */
  readonly waitSeconds: number;
}

/** Batches by step. What a step holds is a function of the source, the options and the seed alone. */
export interface BatchStream {
  readonly stepsPerEpoch: number;
  /** One line for people: where the images are held and who prepares them. */
  readonly description: string;
  readonly memory: MemoryUse;
  /** How many images could not be read so far. */
  readonly skipped: number;
  /** Begins to prepare batches from a step on, dropping what was prepared before. Without it, next() begins at 1. */
  start(step: number): void;
  /** The next batch in order. Rejects with a `DataError` if too many images are unreadable or a worker died. */
  next(): Promise<Batch>;
  /** Ends the workers. */
  close(): Promise<void>;
}

type Pool = WorkerPool<DecodeTask, DecodeResult, ImageNotice>;

/** Opens a stream; resolves once a set that fits is in memory. Throws `DataError`s. */
export async function openBatches(options: BatchOptions): Promise<BatchStream> {
  const checked = checkBatchOptions(options);
  const { source, batchSize } = checked;
  if (source.count < batchSize) throw new TooFewImagesError(source.count, batchSize);
  if (source.table.kind === "pixels" && Math.min(source.table.width, source.table.height) < checked.minimumSize) {
    throw new SourceError({
      expected: `images of at least ${checked.minimumSize} pixels each way`,
      found: `${source.table.width} x ${source.table.height} pixels`,
      remedy: "Choose a smaller patch size",
    });
  }
  const skips = new SkipLog(source.count, checked.unreadableShare, source.name, checked.onSkip);
  const workerData = makeWorkerData(checked);
  const onNotice = (notice: ImageNotice) => {
    if (notice.kind === "changed") {
      pool.fail(changedImage(source, notice.index));
      return;
    }
    try {
      skips.note(notice.index, notice.reason);
    } catch (error) {
      pool.fail(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const pool: Pool = new WorkerPool(WORKER_SCRIPT, workerData, checked.workers, onNotice, () =>
    giveBack(workerData.room),
  );
  try {
    const held = bringIntoMemory(source, pool, checked.memoryBudget, checked.onProgress);
    const memory = await pool.hold(held, checked.signal);
    return new PrefetchingStream(checked, pool, memory, skips);
  } catch (error) {
    await pool.close();
    throw error;
  }
}

interface Prepared {
  readonly step: number;
  readonly epoch: number;
  readonly firstImage: number;
  readonly result: Promise<DecodeResult>;
}

class PrefetchingStream implements BatchStream {
  readonly stepsPerEpoch: number;
  readonly description: string;
  readonly memory: MemoryUse;
  readonly #pool: Pool;
  readonly #skips: SkipLog;
  readonly #order: EpochOrder;
  readonly #depth: number;
  readonly #groups: readonly ViewGroup[];
  #queue: Prepared[] = [];
  #nextStep = 1;

  constructor(options: CheckedBatchOptions, pool: Pool, memory: MemoryUse, skips: SkipLog) {
    this.#pool = pool;
    this.#skips = skips;
    this.#order = new EpochOrder(options.source.count, options.batchSize, options.seed, options.places);
    this.#depth = options.prefetch;
    this.#groups = options.views;
    this.stepsPerEpoch = this.#order.stepsPerEpoch;
    this.memory = memory;
    const ahead = countOf(options.prefetch, "batch", "batches");
    this.description = `${memory.description}; ${countOf(options.workers, "worker thread")}, ${ahead} ahead`;
  }

  get skipped(): number {
    return this.#skips.skipped;
  }

  start(step: number): void {
    if (!Number.isSafeInteger(step) || step < 1) {
      const remedy = "Count steps from 1 over the whole run";
      throw new DataOptionError({ expected: "a whole number as step", found: String(step), remedy });
    }
    this.#queue = [];
    this.#nextStep = step;
    this.#fillQueue();
  }

  async next(): Promise<Batch> {
    const began = performance.now();
    this.#fillQueue();
    const { step, epoch, firstImage, result } = this.#queue.shift()!;
    // The place that became free is filled before the wait, since the caller may block the thread right after it.
    this.#fillQueue();
    const batch = await this.#pool.hold(result);
    if (batch.kind !== "batch") throw new TypeError(`a worker answered a batch with ${batch.kind}`);
    const waitSeconds = (performance.now() - began) / 1000;
    const views = this.#groups.map(({ name, count, imageSize }, i) => {
      const [masks, boxes] = [batch.targets.masks?.[i], batch.targets.boxes?.[i]];
      return { name, count, imageSize, pixels: batch.pixels[i]!, ...(masks && { masks }), ...(boxes && { boxes }) };
    });
    const { pixels, count } = views[0]!;
    const first = pixels.subarray(0, pixels.length / count);
    const { places } = this.#order;
    return { step, epoch, firstImage, places, indices: batch.indices, pixels: first, views, waitSeconds };
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  #fillQueue(): void {
    while (this.#queue.length < this.#depth) {
      const step = this.#nextStep++;
      const { epoch, firstImage, indices } = this.#order.at(step);
      this.#queue.push({ step, epoch, firstImage, result: this.#pool.run({ kind: "batch", epoch, indices }) });
    }
  }
}
