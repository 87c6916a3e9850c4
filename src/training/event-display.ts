// A listener that shows events on a terminal, or prints them to a file: what the commands print while they work.

import { describeSkip } from "../data/skip-log.js";
import { ImageLine } from "../terminal/image-line.js";
import { parseInterval } from "../terminal/interval.js";
import type { Progress } from "../terminal/progress.js";
import { formatCount, formatDuration } from "../terminal/quantities.js";
import { type Wait, Waiting } from "../terminal/waiting.js";
import { describeWeights } from "./describe-weights.js";
import type { JobHappening, PhaseHappening, RunEvent, WarningHappening } from "./events.js";

/** How events are shown. Everything may be left out. */
export interface EventDisplayOptions {
  /** Before the first step, the whole configuration too; config.json has it in any case. */
  readonly verbose?: boolean | undefined;
  /** Gives milliseconds that never go back. */
  readonly clock?: () => number;
}

/** Shows events: progress in place on a terminal, as lines elsewhere. */
export class EventDisplay {
  readonly #progress: Progress;
  readonly #verbose: boolean;
  readonly #clock: () => number;
  readonly #waiting: Waiting;
  readonly #waits: Wait[] = [];
  #images: ImageLine | undefined;

  constructor(progress: Progress, { verbose = false, clock = () => performance.now() }: EventDisplayOptions = {}) {
    this.#progress = progress;
    this.#verbose = verbose;
    this.#clock = clock;
    this.#waiting = new Waiting(progress.line);
  }

  /** To be given as `onEvent`. */
  readonly show = (event: RunEvent): void => {
    const { line } = this.#progress;
    switch (event.type) {
      case "phase":
        this.#showPhase(event);
        break;
      case "images":
        if (event.state === "began") this.#images = new ImageLine(line, this.#clock, event);
        else if (event.state === "advanced") this.#images?.update(event.done);
        else this.#images?.end();
        break;
      case "note":
        line.print(event.message);
        break;
      case "warning":
        for (const each of warningLines(event)) line.print(each);
        break;
      case "weights":
        for (const each of describeWeights(event)) line.print(each);
        break;
      case "skipped":
        line.print(describeSkip(event));
        break;
      case "announced": {
        for (const each of event.lines) line.print(each);
        if (this.#verbose) {
          line.print("Configuration");
          for (const each of event.configuration) line.print(`  ${each}`);
        }
        const { totalSteps, doneSteps, batchSize, logEvery } = event;
        const plainEvery = parseInterval(logEvery)!;
        this.#progress.begin({ totalSteps, doneSteps, imagesPerStep: batchSize, plainEvery });
        break;
      }
      case "step":
        this.#progress.step(event);
        break;
      case "job":
        this.#showJob(event);
        break;
      case "metrics":
      case "checkpoint":
      case "picture":
      case "finished":
      case "failed":
    }
  };

  #showPhase({ state, label, isBusy, done, total }: PhaseHappening): void {
    if (state === "began") this.#waits.push(this.#waiting.begin(label, isBusy));
    else if (state === "ended") this.#waits.pop()?.end();
    else this.#waits.at(-1)?.count(done ?? 0, total);
  }

  #showJob({ state, description, place, total, secondsLeft, result }: JobHappening): void {
    const { line } = this.#progress;
    const where = `${place} of ${total}`;
    if (state === "began") line.print(`[${where}] ${description}`);
    if (state === "began" || state === "advanced") {
      const left = secondsLeft === null ? "" : `, ${formatDuration(secondsLeft)} left`;
      line.lead = () => `[${where}${left}]`;
      return;
    }
    this.#progress.end();
    if (state === "failed") line.print(`  Failed, and left for a later call: ${result}`);
    else if (result !== null) line.print(`  ${result}`);
  }
}

/** "Warning at step 100: ..." where there is a sign; all else is a sentence that says it. */
function warningLines({ message, sign, step }: WarningHappening & { readonly step: number }): string[] {
  const place = step > 0 ? ` at step ${formatCount(step)}` : "";
  return `${sign === undefined ? "" : `Warning${place}: `}${message}`.split("\n");
}
