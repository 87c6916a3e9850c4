// Small pictures of images as they are wanted, some sheets of them in memory.

import { MOST_THUMBNAILS, THUMBNAIL_SIDE, THUMBNAILS_ACROSS } from "../../embeddings/thumbnail-sheet.js";

/** Where a small picture is: a square of a sheet. */
export interface Thumbnail {
  readonly sheet: ImageBitmap;
  readonly left: number;
  readonly top: number;
}

type Load = (rows: readonly number[]) => Promise<ImageBitmap>;

/** A mebibyte each. */
const MOST_SHEETS = 96;
const LOADED_AT_ONCE = 2;

export class Thumbnails {
  readonly #load: Load;
  readonly #listeners = new Set<() => void>();
  readonly #known = new Map<number, Thumbnail>();
  readonly #sheets = new Map<ImageBitmap, readonly number[]>();
  readonly #loading = new Set<number>();
  /** Of lists, before those of the map. */
  readonly #listed = new Set<number>();
  #onMap: readonly number[] = [];
  #busy = 0;
  /** Why there are none, once the server says so. */
  problem = "";

  constructor(load: Load) {
    this.#load = load;
  }

  get(row: number): Thumbnail | undefined {
    return this.#known.get(row);
  }

  /** What the map shows now; what it showed before and is not there yet is no longer waited for. */
  showOnMap(rows: readonly number[]): void {
    this.#onMap = rows;
    this.#fetch();
  }

  /** What a list shows. */
  list(rows: readonly number[]): void {
    for (const row of rows) this.#listed.add(row);
    this.#fetch();
  }

  /** Calls back when more are there, until the function that is returned is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #fetch(): void {
    while (this.#busy < LOADED_AT_ONCE && this.problem === "") {
      const rows = this.#wanted();
      if (rows.length === 0) return;
      void this.#fetchSheet(rows);
    }
  }

  #wanted(): number[] {
    const wanted: number[] = [];
    for (const row of [...this.#listed, ...this.#onMap]) {
      if (wanted.length === MOST_THUMBNAILS) break;
      if (!this.#known.has(row) && !this.#loading.has(row) && !wanted.includes(row)) wanted.push(row);
    }
    return wanted;
  }

  async #fetchSheet(rows: readonly number[]): Promise<void> {
    this.#busy++;
    for (const row of rows) {
      this.#loading.add(row);
      this.#listed.delete(row);
    }
    try {
      this.#keep(rows, await this.#load(rows));
    } catch (error) {
      this.problem = (error as Error).message;
    }
    for (const row of rows) this.#loading.delete(row);
    this.#busy--;
    for (const listener of this.#listeners) listener();
    this.#fetch();
  }

  #keep(rows: readonly number[], sheet: ImageBitmap): void {
    this.#sheets.set(sheet, rows);
    for (const [place, row] of rows.entries()) {
      const left = (place % THUMBNAILS_ACROSS) * THUMBNAIL_SIDE;
      const top = Math.floor(place / THUMBNAILS_ACROSS) * THUMBNAIL_SIDE;
      this.#known.set(row, { sheet, left, top });
    }
    const [oldest] = this.#sheets;
    if (this.#sheets.size <= MOST_SHEETS || oldest === undefined) return;
    this.#sheets.delete(oldest[0]);
    for (const row of oldest[1]) if (this.#known.get(row)?.sheet === oldest[0]) this.#known.delete(row);
    oldest[0].close();
  }
}
