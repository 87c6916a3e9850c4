// How many images are done, and how fast: a line that follows them, on a terminal all the time and now and then elsewhere.

import type { ProgressLine } from "./progress-line.js";
import { formatCount, formatDuration, formatRate } from "./quantities.js";

const REDRAW_MILLISECONDS = 200;
const PLAIN_MILLISECONDS = 10_000;
/** Shorter waits are not worth a line in a file. */
const SILENT_MILLISECONDS = 2000;

export interface ImageLineStart {
  /** What is done with the images, such as "embedded". */
  readonly label: string;
  readonly total: number;
  /** Images that were done before and do not count for the speed. */
  readonly done: number;
  /** Part of other work: leaves nothing standing on the terminal, and no last line elsewhere. */
  readonly isPassing: boolean;
}

export class ImageLine {
  readonly #line: ProgressLine;
  readonly #clock: () => number;
  readonly #start: ImageLineStart;
  readonly #giveBack: () => void;
  readonly #began: number;
  #lastShown: number;

  /** `clock` gives milliseconds that never go back. */
  constructor(line: ProgressLine, clock: () => number, start: ImageLineStart) {
    this.#line = line;
    this.#clock = clock;
    this.#start = start;
    if (start.isPassing) this.#giveBack = line.lend();
    else {
      line.end();
      this.#giveBack = () => line.end();
    }
    this.#began = this.#lastShown = clock();
  }

  /** `done` counts all images so far. */
  update(done: number): void {
    const { label, total, done: first, isPassing } = this.#start;
    const now = this.#clock();
    const seconds = Math.max((now - this.#began) / 1000, 1e-9);
    const perSecond = (done - first) / seconds;
    const line = [
      `${label} ${formatCount(done).padStart(formatCount(total).length)}/${formatCount(total)}`,
      `${formatRate(perSecond)} images/s`,
      done < total ? `${formatDuration((total - done) / perSecond)} left` : formatDuration(seconds),
    ];
    this.#line.set(line.join("  "));
    const plainEvery = this.#lastShown === this.#began ? SILENT_MILLISECONDS : PLAIN_MILLISECONDS;
    const every = this.#line.isTerminal ? REDRAW_MILLISECONDS : plainEvery;
    if (now - this.#lastShown < every && (done < total || isPassing)) return;
    this.#lastShown = now;
    this.#line.show();
  }

  /** Leaves the last state standing on the terminal, or gives the line back to what it was borrowed from. */
  end(): void {
    this.#giveBack();
  }
}
