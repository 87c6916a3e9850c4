// While a set is listed: says now and then how far it is, and lets signals through.

import { setImmediate } from "node:timers/promises";

/** Who wants to know how far the listing of a set is, and may end it. */
export interface ListingWatch {
  /** Called now and then with the files found so far. */
  readonly onListing?: (files: number) => void;
  /** Aborting it ends the listing: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const EVERY_MS = 100;
/** The clock is not asked for each of a million files. */
const EVERY_ENTRIES = 512;

export class ListingProgress {
  readonly #watch: ListingWatch;
  #entries = 0;
  #last = performance.now();

  /** Throws where the listing was ended before it began. */
  constructor(watch: ListingWatch) {
    watch.signal?.throwIfAborted();
    this.#watch = watch;
  }

  /** Asked once an entry; true where `report` should be awaited. */
  get isDue(): boolean {
    return ++this.#entries % EVERY_ENTRIES === 0 && performance.now() - this.#last >= EVERY_MS;
  }

  /** Rejects where the listing is to end. */
  async report(files: number): Promise<void> {
    this.#watch.onListing?.(files);
    await setImmediate();
    this.#watch.signal?.throwIfAborted();
    this.#last = performance.now();
  }
}
