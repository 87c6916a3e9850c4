// How far a training is: a line that follows its steps, on a terminal all the time and at intervals anywhere else.

import { type Interval, isDue } from "./interval.js";
import { ProgressLine, type ProgressStream } from "./progress-line.js";
import { formatCount, formatDuration, formatRate } from "./quantities.js";

/** What a training begins with. */
export interface ProgressStart {
  readonly totalSteps: number;
  /** Steps that were done before: not 0 in a resumed run. */
  readonly doneSteps: number;
  readonly imagesPerStep: number;
  /** How often a plain line is printed where the stream is no terminal. */
  readonly plainEvery: Interval;
}

/** The estimate follows about the last half minute, so that it neither jumps nor sticks. */
const horizonSeconds = 30;
const redrawMilliseconds = 100;

/** The line that follows the steps of a training. */
export class Progress {
  /** Where it is shown. */
  readonly line: ProgressLine;
  readonly #clock: () => number;
  #start: ProgressStart | undefined;
  #speed: StepSpeed | undefined;
  #lastShown = Number.NEGATIVE_INFINITY;
  #hasStepped = false;

  /** `clock` gives milliseconds that never go back. */
  constructor(output: ProgressStream | ProgressLine, clock: () => number = () => performance.now()) {
    this.line = ProgressLine.on(output);
    this.#clock = clock;
  }

  /** Whether a step was taken since it began. */
  get hasStepped(): boolean {
    return this.#hasStepped;
  }

  /** To be called right before the first step. */
  begin(start: ProgressStart): void {
    this.#start = start;
    this.#hasStepped = false;
    this.#speed = new StepSpeed(this.#clock());
    this.#lastShown = Number.NEGATIVE_INFINITY;
  }

  /** To be called after each step; `step` counts from 1 over the whole run. */
  step({ step, loss }: { readonly step: number; readonly loss: number }): void {
    const { totalSteps, doneSteps, imagesPerStep, plainEvery } = this.#started();
    this.#hasStepped = true;
    const now = this.#clock();
    const secondsPerStep = this.#speed!.count(now);
    const width = formatCount(totalSteps).length;
    const line = [
      `step ${formatCount(step).padStart(width)}/${formatCount(totalSteps)}`,
      `loss ${loss.toFixed(4)}`,
      `${formatRate(imagesPerStep / secondsPerStep)} images/s`,
      step < totalSteps ? `${formatDuration((totalSteps - step) * secondsPerStep)} left` : "done",
    ];
    this.line.set(line.join("  "));
    const elapsed = now - this.#lastShown;
    const isBetween = step > doneSteps + 1 && step < totalSteps && !isDue(plainEvery, step, elapsed / 1000);
    const isTooSoon = elapsed < redrawMilliseconds && step < totalSteps;
    if (this.line.isTerminal ? isTooSoon : isBetween) return;
    this.line.show();
    this.#lastShown = now;
  }

  /** Prints a line of its own, above the progress line where there is one. */
  print(line: string): void {
    this.line.print(line);
  }

  /** Leaves the last state standing on the terminal. */
  end(): void {
    this.line.end();
  }

  #started(): ProgressStart {
    if (this.#start === undefined) throw new Error("Progress: begin comes before step");
    return this.#start;
  }
}

/** Seconds a step, over a window that fades out exponentially. */
class StepSpeed {
  #last: number;
  #steps = 0;
  #seconds = 0;
  #counted = 0;

  constructor(now: number) {
    this.#last = now;
  }

  /** Counts one step that ended now (milliseconds); returns the smoothed seconds a step. */
  count(now: number): number {
    const seconds = Math.max((now - this.#last) / 1000, 1e-9);
    this.#last = now;
    this.#counted++;
    // The first step also allocates: it says little about the others.
    if (this.#counted === 2) this.#steps = this.#seconds = 0;
    const usual = this.#steps > 0 && this.#counted > 2 ? this.#seconds / this.#steps : seconds;
    // A laptop that slept for the night must not add it to the estimate.
    const kept = Math.min(seconds, Math.max(10 * usual, horizonSeconds));
    const fade = Math.exp(-kept / horizonSeconds);
    this.#steps = this.#steps * fade + 1;
    this.#seconds = this.#seconds * fade + kept;
    return this.#seconds / this.#steps;
  }
}
