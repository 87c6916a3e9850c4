// The metrics of the runs that were looked at last, so that a live run is read from where it was left.

import { MetricsTable } from "./metrics-table.js";

/** A run of 100,000 steps takes some 20 MB. */
const MOST_TABLES = 16;

interface Entry {
  readonly table: MetricsTable;
  /** Updates of one table come one after the other. */
  updated: Promise<void>;
}

export class MetricsCache {
  /** By path, the one that was asked for last at the end. */
  readonly #entries = new Map<string, Entry>();

  /** As its file is now. Throws StorageError. */
  async read(path: string): Promise<MetricsTable> {
    const entry = this.#entries.get(path) ?? { table: new MetricsTable(), updated: Promise.resolve() };
    this.#entries.delete(path);
    this.#entries.set(path, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MOST_TABLES) this.#entries.delete(oldest!);
    const { table } = entry;
    const updated = entry.updated.catch(() => {}).then(() => table.update(path));
    entry.updated = updated;
    await updated;
    return table;
  }
}
