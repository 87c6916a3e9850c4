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

export class Waiting {
  readonly #line: ProgressLine;
  readonly #signal: AbortSignal | undefined;

  /** An aborted `signal` ends it before the next piece of work. */
  constructor(line: ProgressLine, signal?: AbortSignal) {
    this.#line = line;
    this.#signal = signal;
  }

  /** Does the work. On a terminal it is named while it is done; elsewhere if it takes more than two seconds. */
  async during<Result>(label: string, work: (count: Count) => Promise<Result>): Promise<Result> {
    await throwIfStopped(this.#signal);
    return this.#during(label, work, false);
  }

  /** The same for work that keeps this thread busy: no timer could say so later, so that it is named at once. */
  async duringBusy<Result>(label: string, work: () => Promise<Result>): Promise<Result> {
    await throwIfStopped(this.#signal);
    if (!this.#line.isTerminal) this.#line.print(label);
    return this.#during(label, work, true);
  }

  async #during<Result>(label: string, work: (count: Count) => Promise<Result>, atOnce: boolean): Promise<Result> {
    const { isTerminal } = this.#line;
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
    if (isTerminal && atOnce) show();
    try {
      return await work((done, total) => {
        counted = `  ${formatCount(done)}${total === undefined ? "" : `/${formatCount(total)}`}`;
      });
    } finally {
      clearTimeout(timer!);
      giveBack();
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
