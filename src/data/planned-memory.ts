// What a stream of batches will hold in memory, planned from its options before anything is read.

import { type BatchOptions, bytesOfViews, checkBatchOptions } from "./batch-options.js";
import { makeWorkerData } from "./worker-data.js";

export interface BatchMemory {
  /** Batches that are prepared ahead, and the one in use. */
  readonly batchBytes: number;
  /**
   * Decoded images that may be kept beside what the source already holds: all of them at the size at which they are
   * decoded, but never more than the budget. Whether they are kept is known once some have been decoded.
   */
  readonly imageBytes: number;
}

/** Throws DataOptionError. */
export function planBatchMemory(options: BatchOptions): BatchMemory {
  const checked = checkBatchOptions(options);
  const { source, views, targets, batchSize, prefetch, memoryBudget } = checked;
  const ofImage = bytesOfViews(views, targets);
  const { workingSide } = makeWorkerData(checked).decode;
  const decoded =
    source.table.kind === "pixels" ? 0 : source.count * workingSide ** 2 * (targets.masks === undefined ? 3 : 4);
  return { batchBytes: (prefetch + 1) * batchSize * ofImage, imageBytes: Math.min(memoryBudget, decoded) };
}
