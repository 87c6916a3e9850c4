// The worker thread that decodes and augments images: runs tasks in order, without waiting for the main thread.

import { workerData } from "node:worker_threads";
import sharp from "sharp";
import type { DecodeResult, DecodeTask, DecodeWorkerData, ImageNotice, PackBudget } from "./decode-protocol.js";
import { ImageReader } from "./image-reader.js";
import { imageBytes, packImages } from "./image-store.js";
import type { PixelImage } from "./resample.js";
import { SlotFiller, type Slots } from "./slot-filler.js";
import { targetsOf, type ViewPixels, type ViewTargets } from "./view-group.js";
import { serveTasks } from "./worker-pool.js";

// Workers and images in flight are the parallelism; threads within libvips would only fight over the same cores.
sharp.concurrency(1);
sharp.cache(false);

/** Images in flight in one worker: while one is resampled here, the next is decoded on a thread of libuv. */
const LANES = 2;

const { table, decode, room, plan } = workerData as DecodeWorkerData;

serveTasks<DecodeTask, DecodeResult, ImageNotice>((notify) => {
  const reader = new ImageReader(table, decode, room, (index) => notify({ kind: "changed", index }));
  const filler = new SlotFiller(reader, plan, (index, reason) => notify({ kind: "unreadable", index, reason }));
  return async (task) => {
    switch (task.kind) {
      case "batch":
        return makeBatch(filler, task.epoch, task.indices);
      case "read":
        return readInOrder(filler, task.epoch, task.indices);
      case "measure": {
        let [readable, bytes] = [0, 0];
        await inLanes(task.indices, async (index) => {
          const image = await filler.decode(index);
          if (image === undefined) return;
          readable++;
          bytes += imageBytes(image, decode.channels);
        });
        return { result: { kind: "measure", readable, bytes } };
      }
      case "pack": {
        const indices = Array.from({ length: task.end - task.first }, (_, i) => task.first + i);
        const images = await decodeAll(filler, indices, task.budget);
        return { result: { kind: "pack", chunk: images && packImages(images, decode.channels) } };
      }
      case "adopt":
        reader.store = task.store;
        return { result: { kind: "adopt" } };
    }
  };
});

async function makeBatch(filler: SlotFiller, epoch: number, wanted: Int32Array) {
  const slots = filler.prepare(epoch, wanted);
  const indices = wanted.slice();
  await inLanes(fillFromMemory(filler, slots), async (slot) => {
    indices[slot] = await filler.fill(slots, slot);
  });
  const { pixels } = slots.room;
  const targets = targetsOf(slots.room);
  const result: DecodeResult = { kind: "batch", indices, pixels, targets };
  return { result, transfer: [...buffersOf(pixels, targets), indices.buffer] };
}

async function readInOrder(filler: SlotFiller, epoch: number, wanted: Int32Array) {
  const slots = filler.prepare(epoch, wanted);
  const readable = new Uint8Array(wanted.length).fill(1);
  await inLanes(fillFromMemory(filler, slots), async (slot) => {
    readable[slot] = Number(await filler.fillOnly(slots, slot));
  });
  const { pixels } = slots.room;
  const targets = targetsOf(slots.room);
  const result: DecodeResult = { kind: "read", readable, pixels, targets };
  return { result, transfer: [...buffersOf(pixels, targets), readable.buffer] };
}

function buffersOf(pixels: ViewPixels, { masks = [], boxes = [] }: ViewTargets): ArrayBuffer[] {
  const ofBoxes = boxes.flatMap(({ first, edges, numbers, frames }) => [first, edges, numbers, frames]);
  return [...pixels, ...masks, ...ofBoxes].map(({ buffer }) => buffer as ArrayBuffer);
}

/**
 * Fills what it can and gives the slots that are left. Images in memory go through one plain loop: a promise for each
 * would cost as much as the resampling.
 */
function fillFromMemory(filler: SlotFiller, slots: Slots): number[] {
  return [...slots.indices.keys()].filter((slot) => !filler.fillFromMemory(slots, slot));
}

/** Undefined where the images of all workers together exceed the budget: they are then held no longer. */
async function decodeAll(
  filler: SlotFiller,
  indices: readonly number[],
  budget: PackBudget,
): Promise<(PixelImage | undefined)[] | undefined> {
  const images = new Array<PixelImage | undefined>(indices.length);
  const isSpent = () => Atomics.load(budget.used, 0) > budget.most;
  await inLanes([...indices.keys()], async (i) => {
    if (isSpent()) return;
    images[i] = await filler.decode(indices[i]!);
    if (images[i]) Atomics.add(budget.used, 0, BigInt(imageBytes(images[i], decode.channels)));
  });
  return isSpent() ? undefined : images;
}

/** Runs `work` for every item, a few at a time; results go to places of their own, so the order does not matter. */
async function inLanes(items: readonly number[], work: (item: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < items.length) await work(items[next++]!);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}
