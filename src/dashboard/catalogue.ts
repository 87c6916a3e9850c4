// All runs, studies and embeddings below the folders that were given, as they are now; what has not changed is not read again.

import { join } from "node:path";
import type { EmbeddingRow, Overview, RunRow, StudyRow } from "./api.js";
import { embeddingRow, embeddingStamp } from "./embeddings/embedding-row.js";
import { type Findings, findPlaces, type Place } from "./find-places.js";
import type { ShownFolder } from "./inside.js";
import { MetricsCache } from "./metrics-cache.js";
import { runFiles, stampOf } from "./run-files.js";
import { runRow } from "./run-row.js";
import { type RunSettings, readSettings } from "./run-settings.js";
import { studyRow } from "./study-row.js";

/** Folders are searched for new runs this often at most. */
const SEARCH_MILLISECONDS = 4000;

interface Cached<Value> {
  readonly stamp: string;
  readonly value: Value;
}

export class Catalogue {
  readonly metrics = new MetricsCache();
  readonly #folders: readonly ShownFolder[];
  readonly #version: string;
  readonly #settings = new Map<string, Cached<RunSettings>>();
  readonly #rows = new Map<string, Cached<RunRow>>();
  readonly #studies = new Map<string, Cached<StudyRow>>();
  readonly #embeddings = new Map<string, Cached<EmbeddingRow>>();
  #found: Promise<Findings> | undefined;
  #searched = Number.NEGATIVE_INFINITY;

  constructor(folders: readonly ShownFolder[], version: string) {
    this.#folders = folders;
    this.#version = version;
  }

  get version(): string {
    return this.#version;
  }

  /** Undefined for what is not, or no longer, there. */
  async place(kind: Place["kind"], id: string): Promise<Place | undefined> {
    const { places } = await this.#find();
    return places.find((place) => place.kind === kind && place.id === id);
  }

  async overview(): Promise<Overview> {
    const { places, notes } = await this.#find();
    const runs = places.filter(({ kind }) => kind === "run").map((place) => this.row(place));
    const studies = places.filter(({ kind }) => kind === "study").map((place) => this.study(place));
    const embeddings = places.filter(({ kind }) => kind === "embedding").map((place) => this.embedding(place));
    const folders = this.#folders.map(({ given }) => given);
    return { version: this.#version, folders, runs, studies, embeddings, notes };
  }

  /** The runs by their real folders. */
  async runIds(): Promise<ReadonlyMap<string, string>> {
    const { places } = await this.#find();
    return new Map(places.filter(({ kind }) => kind === "run").map(({ path, id }) => [path, id]));
  }

  settings(place: Place): RunSettings {
    const { config } = runFiles(place);
    return cached(this.#settings, place.id, stampOf(config), () =>
      readSettings(config === undefined ? undefined : place.path),
    );
  }

  row(place: Place): RunRow {
    const files = runFiles(place);
    const stamps = [files.config, files.metrics, files.events, files.lock].map(stampOf);
    // Of a run that goes on, also the time changes what is said of it; of any, whether its process is alive.
    const isOpen = files.lock !== undefined;
    const stamp = [...stamps, ...(isOpen ? [Math.floor(Date.now() / 10_000)] : [])].join(" ");
    return cached(this.#rows, place.id, stamp, () => runRow(place, files, this.settings(place)));
  }

  study(place: Place): StudyRow {
    // A study's own file says when jobs were added, and its report when the last was finished.
    const stamp = [
      ...["study.json", "report.md", "results.jsonl.gz"].map((name) => stampOf(join(place.path, name))),
      Math.floor(Date.now() / 10_000),
    ].join(" ");
    return cached(this.#studies, place.id, stamp, () => studyRow(place));
  }

  embedding(place: Place): EmbeddingRow {
    return cached(this.#embeddings, place.id, embeddingStamp(place) ?? "-", () => embeddingRow(place));
  }

  #find(): Promise<Findings> {
    const now = performance.now();
    if (this.#found === undefined || now - this.#searched > SEARCH_MILLISECONDS) {
      this.#searched = now;
      this.#found = findPlaces(this.#folders);
    }
    return this.#found;
  }
}

function cached<Value>(known: Map<string, Cached<Value>>, id: string, stamp: string, make: () => Value): Value {
  const found = known.get(id);
  if (found !== undefined && found.stamp === stamp && !stamp.startsWith("-")) return found.value;
  const value = make();
  known.set(id, { stamp, value });
  return value;
}
