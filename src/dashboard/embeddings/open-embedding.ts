// An embedding that is held open for questions: its map, images that are like one, near-duplicates, and small pictures.

import { openEngine } from "../../engine/index.js";
import { type EmbeddedSource, openEmbeddedSource } from "../../evaluations/embedded-source.js";
import { type FeatureFiles, openFeatures } from "../../evaluations/feature-files.js";
import type { FeatureLine } from "../../evaluations/feature-lines.js";
import { openQueryEncoder, type QueryEncoder } from "../../evaluations/query-encoder.js";
import { base64Of } from "../../formats/base64.js";
import { nearDuplicates } from "../../heads/near-duplicates.js";
import { findNeighbours, normalizedRows, vectorsInMemory } from "../../heads/neighbours.js";
import { principalComponents } from "../../heads/principal-components.js";
import { randomStream } from "../../random/index.js";
import type { DuplicateImages, EmbeddedImage, EmbeddingLayout, EmbeddingMap, SimilarImage } from "../api.js";
import { UnanswerableError } from "../background/unanswerable-error.js";
import { type GivenImage, readGivenImages } from "../given-images.js";
import { largePicture, thumbnailSheet } from "./pictures.js";
import { LAYOUT_NEIGHBOURS, layoutEpochs, startLayout, type UmapLayout } from "./umap-layout.js";

/** Images on a map; of larger embeddings, as many are drawn at random. */
const MOST_ON_MAP = 10_000;
/** Images that are told to be like one. */
const SIMILAR = 24;
const MOST_GROUPS = 100;
const MOST_OF_GROUP = 24;

/** Unit vectors on the map, and their places along the two directions in which they differ most. */
interface Principal {
  readonly vectors: Float32Array;
  readonly places: Float32Array;
  readonly explained: Float32Array;
}

export class OpenEmbedding {
  readonly #path: string;
  readonly #files: FeatureFiles;
  // One thread: a training beside it keeps the others.
  readonly #engine = openEngine({ device: "cpu", threads: 1 });
  readonly #rows: readonly number[];
  readonly #known = new Map<number, FeatureLine>();
  #principal: Promise<Principal> | undefined;
  #layout: Promise<UmapLayout> | undefined;
  #source: Promise<EmbeddedSource> | undefined;
  #encoder: Promise<QueryEncoder> | undefined;

  /** Throws what opening the features throws. */
  constructor(path: string) {
    this.#path = path;
    this.#files = openFeatures(path);
    const { count } = this.#files.vectors;
    const drawn = randomStream(0, "embeddings map", 0, 0).permutation(count).subarray(0, MOST_ON_MAP);
    this.#rows = [...drawn.sort((a, b) => a - b)];
  }

  close(): void {
    this.#files.close();
  }

  async map(): Promise<EmbeddingMap> {
    const lines = await this.#lines(this.#rows);
    const { places, explained } = await this.#components();
    return {
      rows: this.#rows,
      names: lines.map(({ name }) => name),
      labels: lines.map(({ label }) => label ?? null),
      classes: this.#files.description.classes,
      places: floatsBase64(places),
      explained: [...explained],
      epochs: layoutEpochs(this.#rows.length),
    };
  }

  /** As it is after so many epochs, or later where somebody else has asked for more. */
  async layout(epoch: number): Promise<EmbeddingLayout> {
    this.#layout ??= this.#startLayout();
    const layout = await this.#layout;
    layout.advance(epoch);
    return { epoch: layout.epoch, epochs: layout.epochs, places: floatsBase64(layout.places()) };
  }

  /** Those that are most like the image of a row, without it. */
  async similarTo(row: number): Promise<SimilarImage[]> {
    this.#check([row]);
    const { vectors } = this.#files;
    const query = new Float32Array(vectors.width);
    vectors.read(row, 1, query);
    return (await this.#nearest(query, SIMILAR + 1)).filter((image) => image.row !== row).slice(0, SIMILAR);
  }

  /** Those that are most like an image that is given. */
  async similarToGiven(image: GivenImage): Promise<SimilarImage[]> {
    this.#encoder ??= openQueryEncoder(this.#path, this.#files.description, { threads: 1, warn: () => {} });
    const encoder = await this.#encoder;
    return this.#nearest(await encoder.embed(await readGivenImages([image], encoder.reading)), SIMILAR);
  }

  async duplicates(threshold: number): Promise<DuplicateImages> {
    const found = await nearDuplicates(this.#files.vectors, { threshold, engine: this.#engine });
    const told = found.slice(0, MOST_GROUPS).map((group) => ({ ...group, shown: group.rows.slice(0, MOST_OF_GROUP) }));
    const images = await this.#named(told.flatMap(({ shown }) => shown));
    let next = 0;
    return {
      count: found.length,
      groups: told.map(({ similarity, rows, shown }) => {
        return { similarity, count: rows.length, images: shown.map(() => images[next++]!) };
      }),
    };
  }

  /** One picture of all of them, in the order asked for. */
  async thumbnails(rows: readonly number[]): Promise<Uint8Array> {
    const lines = await this.#lines(rows);
    return thumbnailSheet((await this.#images()).select(lines), lines, this.#channels);
  }

  /** The whole image of a row. */
  async picture(row: number): Promise<Uint8Array> {
    return largePicture((await this.#images()).select(await this.#lines([row])), this.#channels);
  }

  get #channels(): number {
    return this.#files.description.channels ?? 3;
  }

  #images(): Promise<EmbeddedSource> {
    this.#source ??= openEmbeddedSource(this.#files.description);
    return this.#source;
  }

  /** Each is read once: a reading goes through the whole file and checks it. */
  async #lines(rows: readonly number[]): Promise<FeatureLine[]> {
    this.#check(rows);
    const unknown = rows.filter((row) => !this.#known.has(row));
    if (unknown.length > 0 || this.#known.size === 0) {
      const lines = await this.#files.lines(unknown);
      for (const [place, row] of unknown.entries()) this.#known.set(row, lines[place]!);
    }
    return rows.map((row) => this.#known.get(row)!);
  }

  #check(rows: readonly number[]): void {
    const { count } = this.#files.vectors;
    const other = rows.find((row) => row >= count);
    if (other === undefined) return;
    throw new UnanswerableError(`Expected rows below ${count}; found ${other}. Reload the page.`);
  }

  #components(): Promise<Principal> {
    this.#principal ??= this.#findComponents();
    return this.#principal;
  }

  async #findComponents(): Promise<Principal> {
    const { width, read } = this.#files.vectors;
    const raw = new Float32Array(this.#rows.length * width);
    for (const [place, row] of this.#rows.entries()) read(row, 1, raw.subarray(place * width, (place + 1) * width));
    // As they are compared: by their directions alone.
    const vectors = normalizedRows(raw, width);
    if (this.#rows.length === 0) return { vectors, places: vectors, explained: vectors };
    return { vectors, ...(await principalComponents(vectors, width, 2, this.#engine)) };
  }

  async #startLayout(): Promise<UmapLayout> {
    const { vectors, places } = await this.#components();
    const bank = vectorsInMemory(vectors, this.#files.vectors.width);
    const neighbours = await findNeighbours(bank, vectors, { k: LAYOUT_NEIGHBOURS, engine: this.#engine });
    return startLayout(neighbours, places);
  }

  async #nearest(query: Float32Array, k: number): Promise<SimilarImage[]> {
    const { indices, similarities } = await findNeighbours(this.#files.vectors, query, { k, engine: this.#engine });
    const images = await this.#named([...indices]);
    return images.map((image, rank) => ({ ...image, similarity: similarities[rank]! }));
  }

  async #named(rows: readonly number[]): Promise<EmbeddedImage[]> {
    const lines = await this.#lines(rows);
    return lines.map((line, place) => ({ row: rows[place]!, name: line.name, class: line.class ?? null }));
  }
}

function floatsBase64({ buffer, byteOffset, byteLength }: Float32Array): string {
  return base64Of(new Uint8Array(buffer, byteOffset, byteLength));
}
