// What a person waits for while there are no steps or images to count: preparing, compiling, reading and writing.

import { setImmediate } from "node:timers/promises";
import type { ProgressLine } from "./progress-line.js";
import { formatCount, formatDuration } from "./quantities.js";

/** How much of the work is done, and of how much where that is known. */
export type Count = (done: number, total?: number) => void;

/** Shorter waits are not worth a line in a file. */
const SILENT_MILLISECONDS = 2000;
const PLAIN_MILLISECONDS = 10_000;
const REDRAW_MILLISECONDS = 200;

/** Work that is under way. */
export interface Wait {
  /** To be called now and then with how much of it is done. */
  readonly count: Count;
  /** To be called when it is done or has failed. */
  readonly end: () => void;
}

/** What lets a person know that work is under way. */
export interface Waits {
  /** Aborted, it ends the work before its next piece. */
  readonly signal?: AbortSignal | undefined;
  /** Does the work, and names it meanwhile. */
  during<Result>(label: string, work: (count: Count) => Promise<Result>): Promise<Result>;
  /** The same for work that keeps this thread busy. */
  duringBusy<Result>(label: string, work: () => Promise<Result>): Promise<Result>;
}

/** Names on a line what is waited for. */
export class Waiting implements Waits {
  readonly signal: AbortSignal | undefined;
  readonly #line: ProgressLine;

  /** An aborted `signal` ends it before the next piece of work. */
  constructor(line: ProgressLine, signal?: AbortSignal) {
    this.#line = line;
    this.signal = signal;
  }

  /** Does the work. On a terminal it is named while it is done; elsewhere if it takes more than two seconds. */
  async during<Result>(label: string, work: (count: Count) => Promise<Result>): Promise<Result> {
    await throwIfStopped(this.signal);
    return this.#follow(this.begin(label), work);
  }

  /** The same for work that keeps this thread busy: no timer could say so later, so that it is named at once. */
  async duringBusy<Result>(label: string, work: () => Promise<Result>): Promise<Result> {
    await throwIfStopped(this.signal);
    return this.#follow(this.begin(label, true), work);
  }

  /** Names work until `end` of what is returned is called. */
  begin(label: string, isBusy = false): Wait {
    const { isTerminal } = this.#line;
    if (isBusy && !isTerminal) this.#line.print(label);
    const began = performance.now();
    const giveBack = this.#line.lend();
    let counted = "";
    const show = () => {
      const elapsed = performance.now() - began;
      this.#line.set(`${label}${counted}${elapsed < SILENT_MILLISECONDS ? "" : `  ${formatDuration(elapsed / 1000)}`}`);
      this.#line.show();
    };
    let timer: NodeJS.Timeout;
    const wait = (milliseconds: number, next: number) => {
      timer = setTimeout(() => {
        show();
        wait(next, next);
      }, milliseconds).unref();
    };
    if (isTerminal) wait(REDRAW_MILLISECONDS, REDRAW_MILLISECONDS);
    else wait(SILENT_MILLISECONDS, PLAIN_MILLISECONDS);
    if (isTerminal && isBusy) show();
    return {
      count: (done, total) => {
        counted = `  ${formatCount(done)}${total === undefined ? "" : `/${formatCount(total)}`}`;
      },
      end: () => {
        clearTimeout(timer);
        giveBack();
      },
    };
  }

  async #follow<Result>({ count, end }: Wait, work: (count: Count) => Promise<Result>): Promise<Result> {
    try {
      return await work(count);
    } finally {
      end();
    }
  }
}

/** Throws the signal's StoppedError where it was aborted, also by a signal that came while the thread was busy. */
export async function throwIfStopped(signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return;
  // A signal is seen in the poll phase of the event loop: after two of these, one has passed.
  for (let turn = 0; turn < 2; turn++) await setImmediate();
  signal.throwIfAborted();
}
