// What changes in runs, studies and embeddings, told to every page that is open; while none is, nothing is looked at.

import type { Change } from "./api.js";
import type { Catalogue } from "./catalogue.js";

/** Between two looks at the runs. */
const LOOK_MILLISECONDS = 1500;

type Listener = (change: Change) => void;

export class Live {
  readonly #catalogue: Catalogue;
  readonly #listeners = new Set<Listener>();
  readonly #interval: number;
  #timer: NodeJS.Timeout | undefined;
  /** Rows by id, as JSON. */
  #known = new Map<string, string>();

  constructor(catalogue: Catalogue, interval: number = LOOK_MILLISECONDS) {
    this.#catalogue = catalogue;
    this.#interval = interval;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Calls back with each change until the function that is returned is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) void this.#look();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stop();
    };
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#known.clear();
  }

  async #look(): Promise<void> {
    const change = await this.#changes().catch(() => undefined);
    if (change !== undefined) for (const listener of this.#listeners) listener(change);
    // Whoever left during the look must not leave what it found: to the next listener everything is new.
    if (this.#listeners.size === 0) {
      this.#known.clear();
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), this.#interval);
    this.#timer.unref();
  }

  /** The first time, everything is new. */
  async #changes(): Promise<Change | undefined> {
    const { runs, studies, embeddings } = await this.#catalogue.overview();
    const next = new Map<string, string>();
    const isNew = (row: { readonly id: string }) => {
      const text = JSON.stringify(row);
      next.set(row.id, text);
      return this.#known.get(row.id) !== text;
    };
    const change = { runs: runs.filter(isNew), studies: studies.filter(isNew), embeddings: embeddings.filter(isNew) };
    const gone = [...this.#known.keys()].filter((id) => !next.has(id));
    this.#known = next;
    const isSame = [...Object.values(change), gone].every(({ length }) => length === 0);
    return isSame ? undefined : { ...change, gone };
  }
}
