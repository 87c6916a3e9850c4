// How many images are done, and how fast: a line that follows them, on a terminal all the time and now and then elsewhere.

import { ProgressLine, type ProgressStream } from "../terminal/progress-line.js";
import { formatCount, formatDuration, formatRate } from "../terminal/quantities.js";
import { Waiting } from "../terminal/waiting.js";

const REDRAW_MILLISECONDS = 200;
const PLAIN_MILLISECONDS = 10_000;
/** Shorter waits are not worth a line in a file. */
const SILENT_MILLISECONDS = 2000;

export interface ImageProgressOptions {
  /** Whatever reports its images here is ended with the signal's reason when that is aborted. */
  readonly signal?: AbortSignal;
  /** Part of other work: prints no lines of its own, and leaves nothing standing on the terminal. */
  readonly isPassing?: boolean;
}

export class ImageProgress {
  readonly signal: AbortSignal | undefined;
  /** What is not counted in images, on the same line. */
  readonly waiting: Waiting;
  /** Where it is shown. */
  readonly line: ProgressLine;
  readonly #isPassing: boolean;
  #giveBack = () => {};
  readonly #clock: () => number;
  #label = "";
  #total = 0;
  #first = 0;
  #began = 0;
  #lastShown = 0;

  /** `clock` gives milliseconds that never go back. */
  constructor(
    output: ProgressStream | ProgressLine,
    clock: () => number = () => performance.now(),
    { signal, isPassing = false }: ImageProgressOptions = {},
  ) {
    this.line = ProgressLine.on(output);
    this.#clock = clock;
    this.#isPassing = isPassing;
    this.signal = signal;
    this.waiting = new Waiting(this.line, signal);
  }

  /** `done` images were done before and do not count for the speed. */
  begin(label: string, total: number, done = 0): void {
    this.end();
    if (this.#isPassing) this.#giveBack = this.line.lend();
    this.#label = label;
    this.#total = total;
    this.#first = done;
    this.#began = this.#clock();
    this.#lastShown = this.#began;
  }

  /** `done` counts all images so far. Throws the reason of an aborted signal. */
  update(done: number): void {
    this.signal?.throwIfAborted();
    const now = this.#clock();
    const seconds = Math.max((now - this.#began) / 1000, 1e-9);
    const perSecond = (done - this.#first) / seconds;
    const line = [
      `${this.#label} ${formatCount(done).padStart(formatCount(this.#total).length)}/${formatCount(this.#total)}`,
      `${formatRate(perSecond)} images/s`,
      done < this.#total ? `${formatDuration((this.#total - done) / perSecond)} left` : formatDuration(seconds),
    ];
    this.line.set(line.join("  "));
    const plainEvery = this.#lastShown === this.#began ? SILENT_MILLISECONDS : PLAIN_MILLISECONDS;
    const every = this.line.isTerminal ? REDRAW_MILLISECONDS : plainEvery;
    if (now - this.#lastShown < every && (done < this.#total || this.#isPassing)) return;
    this.#lastShown = now;
    this.line.show();
  }

  /** Prints a line of its own, above the progress line where there is one. */
  print(line: string): void {
    if (!this.#isPassing) this.line.print(line);
  }

  /** Leaves the last state standing on the terminal. */
  end(): void {
    if (!this.#isPassing) {
      this.line.end();
      return;
    }
    this.#giveBack();
    this.#giveBack = () => {};
  }
}
