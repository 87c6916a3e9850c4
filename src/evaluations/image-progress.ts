// What evaluations say of the images that they see: events, which are shown on a line where there is one.

import type { Communicator } from "../processes/communicator.js";
import { Progress } from "../terminal/progress.js";
import type { ProgressLine, ProgressStream } from "../terminal/progress-line.js";
import type { Waits } from "../terminal/waiting.js";
import { EventDisplay } from "../training/event-display.js";
import type { EventOptions, RunEvent } from "../training/events.js";
import { RunEvents } from "../training/run-events.js";

export interface ImageProgressOptions extends EventOptions {
  /** Part of other work: prints no lines of its own, and leaves nothing standing on the terminal. */
  readonly isPassing?: boolean;
}

/** Can itself be given as the options of whatever evaluates: the events are then shown where it shows its own. */
export class ImageProgress implements EventOptions {
  readonly signal: AbortSignal | undefined;
  readonly communicator: Communicator;
  readonly #events: RunEvents;
  readonly #isPassing: boolean;
  #label = "";
  #total = 0;
  #done = 0;
  #hasBegun = false;

  /**
   * `output` is where events are shown, if anywhere. Whatever counts its images here is ended with the signal's reason
   * when that is aborted. `clock` gives milliseconds that never go back.
   */
  constructor(
    output: ProgressStream | ProgressLine | undefined,
    clock: () => number = () => performance.now(),
    { isPassing = false, ...options }: ImageProgressOptions = {},
  ) {
    this.#events = new RunEvents(options);
    if (output !== undefined) this.#events.listen(new EventDisplay(new Progress(output, clock), { clock }).show);
    this.#isPassing = isPassing;
    this.signal = options.signal;
    this.communicator = this.#events.communicator;
  }

  /** What tells such options; the same object where it is one already. */
  static of(options: EventOptions): ImageProgress {
    return options instanceof ImageProgress ? options : new ImageProgress(undefined, undefined, options);
  }

  /** What is not counted in images. */
  get waiting(): Waits {
    return this.#events;
  }

  /** Passes on the event of a part of the work. */
  readonly onEvent = (event: RunEvent): void => this.#events.onEvent(event);

  /** `done` images were done before and do not count for the speed. */
  begin(label: string, total: number, done = 0): void {
    this.end();
    this.#label = label;
    this.#total = total;
    this.#done = done;
    this.#hasBegun = true;
    this.#tell("began");
  }

  /** `done` counts all images so far. Throws the reason of an aborted signal. */
  update(done: number): void {
    this.signal?.throwIfAborted();
    this.advance(done);
  }

  /** The same, whether the signal is aborted or not: for what ends in an order of its own. */
  advance(done: number): void {
    this.#done = done;
    this.#tell("advanced");
  }

  /** An image that could not be read. */
  skip(skipped: { readonly index: number; readonly name: string; readonly reason: string }): void {
    if (!this.#isPassing) this.#events.emit({ type: "skipped", ...skipped });
  }

  /** A line for whoever watches. */
  print(line: string): void {
    if (!this.#isPassing) this.#events.note(line);
  }

  /** Something that may spoil the result. */
  readonly warn = (message: string, sign?: string): void => {
    if (!this.#isPassing) this.#events.warn(message, sign);
  };

  /** To be called when all images are done, and whenever none will be any more. */
  end(): void {
    if (!this.#hasBegun) return;
    this.#hasBegun = false;
    this.#tell("ended");
  }

  #tell(state: "began" | "advanced" | "ended"): void {
    const [label, done, total, isPassing] = [this.#label, this.#done, this.#total, this.#isPassing];
    this.#events.emit({ type: "images", state, label, done, total, isPassing });
  }
}
