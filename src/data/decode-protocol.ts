// What the batch stream and its worker threads say to each other.

import type { CheckedBatchOptions } from "./batch-options.js";
import type { DecodeOptions } from "./decode-image.js";
import { openShare, type RoomShare } from "./decode-room.js";
import type { ImageTable } from "./image-source.js";
import type { ImageStore, StoreChunk } from "./image-store.js";
import type { SlotPlan } from "./slot-filler.js";
import { workingSide } from "./transform.js";
import type { ViewPixels, ViewTargets } from "./view-group.js";

/** Given to a worker when it starts. */
export interface DecodeWorkerData {
  readonly table: ImageTable;
  readonly decode: DecodeOptions;
  /** One share for all workers of a pool. */
  readonly room: RoomShare;
  readonly plan: SlotPlan;
}

/** The script of a worker thread. */
export const WORKER_SCRIPT = new URL("./decode-worker.js", import.meta.url);

/** From the checked options of a stream. An image is decoded once for all of its views, at the size that the most demanding one needs. */
export function makeWorkerData(options: CheckedBatchOptions): DecodeWorkerData {
  const { source, channels, views, targets, seed, minimumSize, background, maximumImageBytes } = options;
  const sides = views.map(({ transform, imageSize }) => workingSide(transform, imageSize));
  return {
    table: source.table,
    decode: {
      workingSide: Math.max(...sides, minimumSize),
      channels,
      background,
      minimumSize,
      maximumBytes: maximumImageBytes,
    },
    room: openShare(),
    plan: { seed, views, targets, unreadable: new Uint8Array(new SharedArrayBuffer(source.count)) },
  };
}

/** Work for one worker; the answer to each has the same `kind`. */
export type DecodeTask =
  /** Make a batch: the images that belong into its slots, in order. */
  | { readonly kind: "batch"; readonly epoch: number; readonly indices: Int32Array }
  /** The same without substitutes: what cannot be read leaves a gap. */
  | { readonly kind: "read"; readonly epoch: number; readonly indices: Int32Array }
  /** Decode some images and say how much memory they take. */
  | { readonly kind: "measure"; readonly indices: readonly number[] }
  /** Decode images `first` up to `end` into shared memory; no chunk comes back once the set exceeds its budget. */
  | { readonly kind: "pack"; readonly first: number; readonly end: number; readonly budget: PackBudget }
  /** From now on, take images from memory. */
  | { readonly kind: "adopt"; readonly store: ImageStore };

/** How many bytes all images of a set may take, and have taken so far, as a counter in memory that all workers share. */
export interface PackBudget {
  readonly most: number;
  readonly used: BigInt64Array;
}

export type DecodeResult =
  /** The images shown (substitutes in place of unreadable ones). */
  | { readonly kind: "batch"; readonly indices: Int32Array; readonly pixels: ViewPixels; readonly targets: ViewTargets }
  /** `readable` holds 0 for each image whose place holds nothing. */
  | { readonly kind: "read"; readonly readable: Uint8Array; readonly pixels: ViewPixels; readonly targets: ViewTargets }
  | { readonly kind: "measure"; readonly readable: number; readonly bytes: number }
  | { readonly kind: "pack"; readonly chunk: StoreChunk | undefined }
  | { readonly kind: "adopt" };

/** Sent as soon as it is seen; more than one worker may find the same image. */
export type ImageNotice =
  | { readonly kind: "unreadable"; readonly index: number; readonly reason: string }
  /** It is not as it was when it was read before. */
  | { readonly kind: "changed"; readonly index: number };
