// What a worker thread is told when it starts, from the checked options of a stream.

import type { CheckedBatchOptions } from "./batch-options.js";
import type { DecodeWorkerData } from "./decode-protocol.js";
import { openShare } from "./decode-room.js";
import { workingSide } from "./transform.js";

/** The script of a worker thread. */
export const WORKER_SCRIPT = new URL("./decode-worker.js", import.meta.url);

/** An image is decoded once for all of its views, at the size that the most demanding one needs. */
export function makeWorkerData(options: CheckedBatchOptions): DecodeWorkerData {
  const { source, views, targets, seed, minimumSize, background, maximumImageBytes } = options;
  const sides = views.map(({ transform, imageSize }) => workingSide(transform, imageSize));
  return {
    table: source.table,
    decode: { workingSide: Math.max(...sides, minimumSize), background, minimumSize, maximumBytes: maximumImageBytes },
    room: openShare(),
    plan: { seed, views, targets, unreadable: new Uint8Array(new SharedArrayBuffer(source.count)) },
  };
}
