// Images in the order asked for, prepared ahead on worker threads; what cannot be read is left out and named.

import { type BatchOptions, checkBatchOptions } from "./batch-options.js";
import type { BatchBoxes } from "./box-view.js";
import { changedImage } from "./changed-image.js";
import type { DecodeResult, DecodeTask, ImageNotice } from "./decode-protocol.js";
import { makeWorkerData, WORKER_SCRIPT } from "./decode-protocol.js";
import { giveBack } from "./decode-room.js";
import { TooManyUnreadableError } from "./errors.js";
import { bringIntoMemory } from "./memory-plan.js";
import type { SkippedImage } from "./skip-log.js";
import { WorkerPool } from "./worker-pool.js";

/** As of a batch stream; the view is by default the fixed one of evaluation, and nothing is kept in memory. */
export type OrderedOptions = Omit<BatchOptions, "views" | "unreadableShare" | "onSkip">;

export interface OrderedBatch {
  /** The images, without those that could not be read. */
  readonly indices: Int32Array;
  /** 8-bit sRGB, [images, height, width, channels]. */
  readonly pixels: Uint8Array;
  /** [images, height, width], where the images have masks. */
  readonly masks?: Uint8Array;
  /** Where the images have boxes. */
  readonly boxes?: BatchBoxes;
  /** Those left out of this batch, in order. */
  readonly skipped: readonly SkippedImage[];
  /** How long the pass waited for it. */
  readonly waitSeconds: number;
}

export interface Pass {
  /** The images to read, in this order; all of the source by default. */
  readonly indices?: ArrayLike<number>;
  /** What random views are drawn from; 0 by default. */
  readonly epoch?: number;
  /** At which of these images to begin; 0 by default. */
  readonly first?: number;
}

export interface OrderedReader {
  /** Every batch but the last asks for `batchSize` images. Rejects with a `DataError` where not one can be read. */
  pass(options?: Pass): AsyncGenerator<OrderedBatch>;
  /** Ends the workers. */
  close(): Promise<void>;
}

type Pool = WorkerPool<DecodeTask, DecodeResult, ImageNotice>;

/** Opens a reader; resolves once a set that fits into the memory budget is there. Throws `DataError`s. */
export async function openOrdered(options: OrderedOptions): Promise<OrderedReader> {
  const checked = checkBatchOptions({
    memoryBudget: 0,
    augmentation: { kind: "centre" },
    ...options,
  });
  const { source, batchSize } = checked;
  const reasons = new Map<number, string>();
  // A notice comes before the answer of the task that it belongs to.
  const onNotice = (notice: ImageNotice) => {
    const { index } = notice;
    if (notice.kind === "changed") pool.fail(changedImage(source, index));
    else if (!reasons.has(index)) reasons.set(index, notice.reason);
  };
  const workerData = makeWorkerData(checked);
  const pool: Pool = new WorkerPool(WORKER_SCRIPT, workerData, checked.workers, onNotice, () =>
    giveBack(workerData.room),
  );
  try {
    if (checked.memoryBudget > 0) {
      await pool.hold(bringIntoMemory(source, pool, checked.memoryBudget, checked.onProgress), checked.signal);
    }
  } catch (error) {
    await pool.close();
    throw error;
  }

  async function* pass({ indices, epoch = 0, first = 0 }: Pass = {}): AsyncGenerator<OrderedBatch> {
    const count = indices?.length ?? source.count;
    const queue: { readonly wanted: Int32Array; readonly result: Promise<DecodeResult> }[] = [];
    let next = first;
    const fillQueue = () => {
      while (queue.length < checked.prefetch && next < count) {
        const start = next;
        next = Math.min(count, start + batchSize);
        const wanted = Int32Array.from({ length: next - start }, (_, i) => indices?.[start + i] ?? start + i);
        queue.push({ wanted, result: pool.run({ kind: "read", epoch, indices: wanted }) });
      }
    };
    let readable = 0;
    const examples: SkippedImage[] = [];
    fillQueue();
    for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
      // The place that became free is filled before the wait, since the caller may block the thread right after it.
      fillQueue();
      const began = performance.now();
      const answer = await pool.hold(task.result, checked.signal);
      if (answer.kind !== "read") throw new TypeError(`a worker answered a reading with ${answer.kind}`);
      const { wanted } = task;
      const skipped = [...wanted]
        .filter((_, slot) => answer.readable[slot] === 0)
        .map((index) => ({ index, name: source.name(index), reason: reasons.get(index) ?? "it cannot be read" }));
      readable += wanted.length - skipped.length;
      if (examples.length < 5) examples.push(...skipped.slice(0, 5));
      const waitSeconds = (performance.now() - began) / 1000;
      yield { ...withoutGaps(wanted, answer), skipped, waitSeconds };
    }
    // A pass that goes on where another stopped may well find nothing but broken files.
    if (readable === 0 && first === 0 && count > 0) {
      const names = examples.slice(0, 5).map(({ name, reason }) => `${name} (${reason})`);
      throw new TooManyUnreadableError(count, count, 0, names);
    }
  }

  return { pass, close: () => pool.close() };
}

/** Only the images that could be read, moved together. */
function withoutGaps(wanted: Int32Array, { readable, pixels, targets }: Extract<DecodeResult, { kind: "read" }>) {
  const masks = targets.masks?.[0];
  // A square that holds nothing has no boxes.
  const boxes = targets.boxes?.[0];
  const first = boxes?.first.filter((_, slot) => slot === 0 || readable[slot - 1] === 1);
  return {
    indices: wanted.filter((_, slot) => readable[slot] === 1),
    pixels: moveTogether(pixels[0]!, readable),
    ...(masks && { masks: moveTogether(masks, readable) }),
    ...(boxes && { boxes: { ...boxes, first: first! } }),
  };
}

function moveTogether(bytes: Uint8Array, readable: Uint8Array): Uint8Array {
  if (!readable.includes(0)) return bytes;
  const each = bytes.length / readable.length;
  let kept = 0;
  readable.forEach((isThere, slot) => {
    if (isThere === 1) bytes.copyWithin(each * kept++, slot * each, (slot + 1) * each);
  });
  return bytes.subarray(0, kept * each);
}
