// How a batch is divided among processes.

import type { Communicator } from "./communicator.js";
import { ProcessesError } from "./errors.js";

/** A batch, and what must stay together in it. */
export interface DividedBatch {
  readonly batchSize: number;
  /** The most images that are computed at once. */
  readonly microBatch: number;
  /** Images are taken together in groups of so many; 1 by default. */
  readonly groupSize?: number;
  /** Whether the first image belongs to the last one, the second to the last but one, and so on. */
  readonly isMirrored?: boolean;
}

/** What one process computes of every batch. */
export interface BatchShare {
  /** The places in the batch of its images, in order. */
  readonly places: Int32Array;
  /** Its images are computed so many at once: all of them, or a divisor of their number. */
  readonly microBatch: number;
  /** Whether all processes compute as many at once, so that their gradients count alike. */
  readonly isEven: boolean;
}

/** Shares differ by one group, or one pair of mirrored images, at most. Throws ProcessesError where there are too few. */
export function divideBatch(batch: DividedBatch, { rank, size }: Pick<Communicator, "rank" | "size">): BatchShare {
  const { batchSize, microBatch, groupSize = 1, isMirrored = false } = batch;
  if (size === 1) {
    return { places: Int32Array.from({ length: batchSize }, (_, place) => place), microBatch, isEven: true };
  }
  const units = isMirrored ? Math.ceil(batchSize / 2) : batchSize / groupSize;
  if (units < size) {
    const unit = isMirrored ? "pairs of images" : groupSize > 1 ? `groups of ${groupSize} images` : "images";
    throw new ProcessesError(
      {
        expected: `a batch of at least ${size} ${unit}, one for each process`,
        found: `schedule.batchSize=${batchSize}`,
        remedy: "Start fewer processes, or raise schedule.batchSize",
      },
      true,
    );
  }
  const placesOf = (process: number) => {
    const [first, end] = [process, process + 1].map((each) => Math.floor((each * units) / size)) as [number, number];
    if (isMirrored) return mirrored(first, end, batchSize);
    return Int32Array.from({ length: (end - first) * groupSize }, (_, index) => first * groupSize + index);
  };
  const all = Array.from({ length: size }, (_, process) => placesOf(process));
  const [own, ...others] = [all[rank]!, ...all].map(({ length }) => largestDivisor(length, microBatch, groupSize));
  return { places: all[rank]!, microBatch: own!, isEven: others.every((other) => other === own) };
}

/** The pairs from `first` on, before `end`: an image and the one as far from the batch's end; the middle one is its own. */
function mirrored(first: number, end: number, batchSize: number): Int32Array {
  const places = new Set<number>();
  for (let pair = first; pair < end; pair++) {
    places.add(pair);
    places.add(batchSize - 1 - pair);
  }
  return Int32Array.from([...places].sort((a, b) => a - b));
}

/** The largest divisor of `count` that is a multiple of `unit`, up to `most`. */
function largestDivisor(count: number, most: number, unit: number): number {
  for (let size = Math.min(count, most - (most % unit)); size > unit; size -= unit) {
    if (count % size === 0) return size;
  }
  return unit;
}

/**
 * The part of `count` things, from `first` on, before `end`, that a process does: whole groups of `unit`, but for what is
 * left over at the end.
 */
export function shareOfRange(
  count: number,
  { rank, size }: Pick<Communicator, "rank" | "size">,
  unit = 1,
): readonly [first: number, end: number] {
  const units = Math.ceil(count / unit);
  const [first, end] = [rank, rank + 1].map((each) => Math.min(count, Math.floor((each * units) / size) * unit));
  return [first!, end!];
}
