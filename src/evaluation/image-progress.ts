// How many images are done, and how fast: one line rewritten in place on a terminal, a line now and then elsewhere.

import type { ProgressStream } from "../training/progress.js";
import { formatCount, formatDuration, formatRate } from "../training/quantities.js";

const REDRAW_MILLISECONDS = 200;
const PLAIN_MILLISECONDS = 10_000;

export class ImageProgress {
  readonly #stream: ProgressStream;
  readonly #clock: () => number;
  #label = "";
  #total = 0;
  #first = 0;
  #began = 0;
  #lastShown = 0;
  #line = "";
  #drawn = false;

  /** `clock` gives milliseconds that never go back. */
  constructor(stream: ProgressStream, clock: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#clock = clock;
  }

  /** `done` images were done before and do not count for the speed. */
  begin(label: string, total: number, done = 0): void {
    this.end();
    this.#label = label;
    this.#total = total;
    this.#first = done;
    this.#began = this.#clock();
    this.#lastShown = this.#began;
    this.#line = "";
  }

  /** `done` counts all images so far. */
  update(done: number): void {
    const now = this.#clock();
    const seconds = Math.max((now - this.#began) / 1000, 1e-9);
    const perSecond = (done - this.#first) / seconds;
    this.#line = [
      `${this.#label} ${formatCount(done).padStart(formatCount(this.#total).length)}/${formatCount(this.#total)}`,
      `${formatRate(perSecond)} images/s`,
      done < this.#total ? `${formatDuration((this.#total - done) / perSecond)} left` : formatDuration(seconds),
    ].join("  ");
    const elapsed = now - this.#lastShown;
    if (elapsed < (this.#stream.isTTY ? REDRAW_MILLISECONDS : PLAIN_MILLISECONDS) && done < this.#total) return;
    this.#lastShown = now;
    if (this.#stream.isTTY) this.#redraw();
    else this.#stream.write(`${this.#line}\n`);
  }

  /** Prints a line of its own, above the progress line where there is one. */
  print(line: string): void {
    if (this.#drawn) this.#stream.write(`\r\u001b[K${line}\n`);
    else this.#stream.write(`${line}\n`);
    if (this.#drawn) this.#redraw();
  }

  /** Leaves the last state standing on the terminal. */
  end(): void {
    if (this.#drawn) this.#stream.write("\n");
    this.#drawn = false;
  }

  #redraw(): void {
    const room = Math.max(1, (this.#stream.columns ?? 80) - 1);
    this.#stream.write(`\r${this.#line.slice(0, room)}\u001b[K`);
    this.#drawn = true;
  }
}
