// The memory that all decoding of large images in this process shares: one that finds no room waits.

import { setTimeout } from "node:timers/promises";

/** What large images in work may take together; an image that needs more is decoded while no other is. */
export const ROOM_BYTES = 2 ** 30;

const UNIT = 1024;
const ROOM = ROOM_BYTES / UNIT;
/** Nothing against the decoding of an image of this size, and a timer keeps the process alive, as a promise does not. */
const WAIT_MILLISECONDS = 5;

/** Counters in shared memory, in KiB, so that worker threads share one room. */
export interface RoomShare {
  /** Taken in the whole process. */
  readonly taken: Int32Array;
  /** Taken by the threads that were handed this share, to be given back for those that were stopped at work. */
  readonly own: Int32Array;
}

const taken = new Int32Array(new SharedArrayBuffer(4));

/** A share for some threads to hold together. */
export function openShare(): RoomShare {
  return { taken, own: new Int32Array(new SharedArrayBuffer(4)) };
}

/** Gives back all that a share holds: for threads that have ended. */
export function giveBack({ taken, own }: RoomShare): void {
  Atomics.sub(taken, 0, Atomics.exchange(own, 0, 0));
}

/**
 * Does `work` once there is room for `bytes`. When that is depends on what else goes on, but nothing that comes of it
 * does: whether an image is read or refused is decided before.
 */
export async function withRoom<Result>(share: RoomShare, bytes: number, work: () => Promise<Result>): Promise<Result> {
  const need = Math.min(ROOM, Math.ceil(bytes / UNIT));
  while (!take(share, need)) await setTimeout(WAIT_MILLISECONDS);
  try {
    return await work();
  } finally {
    Atomics.sub(share.own, 0, need);
    Atomics.sub(share.taken, 0, need);
  }
}

function take({ taken, own }: RoomShare, need: number): boolean {
  for (let found = Atomics.load(taken, 0); found + need <= ROOM; found = Atomics.load(taken, 0)) {
    if (Atomics.compareExchange(taken, 0, found, found + need) !== found) continue;
    // Nothing may come between: a thread that is stopped here would take its room with it.
    Atomics.add(own, 0, need);
    return true;
  }
  return false;
}
