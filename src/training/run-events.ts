// Where what happens is said: stamps it as an event, and tells every listener.

import { type Communicator, oneProcess } from "../processes/communicator.js";
import { type Count, throwIfStopped, type Waits } from "../terminal/waiting.js";
import type { AnnouncedHappening, EventOptions, Happening, RunEvent } from "./events.js";

export type EventListener = (event: RunEvent) => void;

/** What a process may meet that the others do not. */
function isNotice({ type }: Happening): boolean {
  return type === "skipped" || type === "warning";
}

export class RunEvents implements EventOptions, Waits {
  readonly signal: AbortSignal | undefined;
  readonly communicator: Communicator;
  readonly #listeners: EventListener[];
  readonly #now: () => Date;
  /** Of a process that is not the first: what the first has to be told. */
  readonly #untold: Happening[] = [];
  /** Of the first of several: what it has told of. */
  readonly #told = new Set<string>();
  #step = 0;

  constructor({ signal, onEvent, communicator = oneProcess }: EventOptions = {}, now: () => Date = () => new Date()) {
    this.signal = signal;
    this.communicator = communicator;
    this.#listeners = onEvent === undefined ? [] : [onEvent];
    this.#now = now;
  }

  /** Whether a stop was requested. */
  get isStopped(): boolean {
    return this.signal?.aborted ?? false;
  }

  /** Steps that are done: what events from now on are stamped with. */
  set step(done: number) {
    this.#step = done;
  }

  /** Tells `listener` of every event from now on, after the others. */
  listen(listener: EventListener): void {
    this.#listeners.push(listener);
  }

  /** Whether this process is the one that writes, prints and draws. */
  get isFirst(): boolean {
    return this.communicator.rank === 0;
  }

  /** What this process alone has met, for the first one to tell of; once. */
  takeUntold(): Happening[] {
    return this.#untold.splice(0);
  }

  /** The same as `emit` for what several processes may have met. */
  emitOnce(happening: Happening): void {
    if (!this.#told.has(JSON.stringify(happening))) this.emit(happening);
  }

  /** Tells every listener, one after the other; what one throws is thrown. */
  emit(happening: Happening): void {
    if (this.communicator.size > 1 && isNotice(happening)) {
      if (this.isFirst) this.#told.add(JSON.stringify(happening));
      else this.#untold.push(happening);
    }
    this.forward({ ...happening, time: this.#now().toISOString(), step: this.#step });
  }

  /** Everything is ready: says what the run will do, after the steps that are done. */
  announce(announced: Omit<AnnouncedHappening, "type">): void {
    this.step = announced.doneSteps;
    this.emit({ type: "announced", ...announced });
  }

  /** Passes on an event of a part of the work, stamped anew. */
  readonly onEvent: EventListener = (event) => this.emit(event);

  /** Passes on an event as it is. */
  forward(event: RunEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** A line for whoever watches. */
  readonly note = (message: string): void => this.emit({ type: "note", message });

  /** Something that may spoil the result. `sign` names what metrics are a sign of. */
  readonly warn = (message: string, sign?: string): void =>
    this.emit({ type: "warning", message, ...(sign !== undefined && { sign }) });

  async during<Result>(label: string, work: (count: Count) => Promise<Result>): Promise<Result> {
    await throwIfStopped(this.signal);
    return this.finishing(label, work);
  }

  async duringBusy<Result>(label: string, work: () => Promise<Result>): Promise<Result> {
    await throwIfStopped(this.signal);
    return this.#phase({ label, isBusy: true }, work);
  }

  /** The same as `during` for work that is done even where a stop was requested, such as saving. */
  finishing<Result>(label: string, work: (count: Count) => Promise<Result>): Promise<Result> {
    return this.#phase({ label, isBusy: false }, work);
  }

  async #phase<Result>(
    what: { readonly label: string; readonly isBusy: boolean },
    work: (count: Count) => Promise<Result>,
  ): Promise<Result> {
    const phase = { type: "phase", ...what } as const;
    this.emit({ ...phase, state: "began" });
    try {
      return await work((done, total) =>
        this.emit({ ...phase, state: "advanced", done, ...(total !== undefined && { total }) }),
      );
    } finally {
      this.emit({ ...phase, state: "ended" });
    }
  }
}
