// Vectors that are nearly the same: groups that are linked by a cosine similarity above a threshold.

import { type Engine, openEngine } from "../engine/index.js";
import { findNeighbours, type VectorSource } from "./neighbours.js";

/** Rows that are linked with each other, directly or through others. */
export interface LinkedRows {
  /** In order. */
  readonly rows: readonly number[];
  /** Of the closest two. */
  readonly similarity: number;
}

/** What counts as nearly the same, and where that is computed. */
export interface NearDuplicateOptions {
  /** The least similarity of two rows that are linked. */
  readonly threshold: number;
  readonly engine?: Engine;
  /** Called with the rows compared so far. */
  readonly onProgress?: (done: number) => void;
}

/** Of every row, this many nearest are looked at; larger groups hang together through their members. */
const LINKS = 16;
const QUERIES_AT_ONCE = 8192;

/** The group with the closest two rows first. */
export async function nearDuplicates(
  vectors: VectorSource,
  { threshold, engine = openEngine(), onProgress = () => {} }: NearDuplicateOptions,
): Promise<LinkedRows[]> {
  const { count, width } = vectors;
  const groups = new Groups(count);
  for (let first = 0; first < count; first += QUERIES_AT_ONCE) {
    const queries = new Float32Array(Math.min(QUERIES_AT_ONCE, count - first) * width);
    vectors.read(first, queries.length / width, queries);
    const { k, indices, similarities } = await findNeighbours(vectors, queries, { k: LINKS + 1, engine });
    for (const [place, other] of indices.entries()) {
      const row = first + Math.floor(place / k);
      if (other !== row && similarities[place]! >= threshold) groups.link(row, other, similarities[place]!);
    }
    onProgress(first + queries.length / width);
  }
  return groups.found().sort((a, b) => b.similarity - a.similarity);
}

/** Disjoint sets of rows. */
class Groups {
  readonly #parents: Int32Array;
  readonly #closest = new Map<number, number>();

  constructor(count: number) {
    this.#parents = Int32Array.from({ length: count }, (_, row) => row);
  }

  link(a: number, b: number, similarity: number): void {
    const [low, high] = [this.#root(a), this.#root(b)].sort((x, y) => x - y) as [number, number];
    const closest = Math.max(similarity, this.#closest.get(low) ?? -1, this.#closest.get(high) ?? -1);
    this.#parents[high] = low;
    this.#closest.delete(high);
    this.#closest.set(low, closest);
  }

  found(): LinkedRows[] {
    const members = new Map([...this.#closest.keys()].map((root) => [root, [] as number[]]));
    for (let row = 0; row < this.#parents.length; row++) members.get(this.#root(row))?.push(row);
    return [...members].map(([root, rows]) => ({ rows, similarity: this.#closest.get(root)! }));
  }

  #root(row: number): number {
    let root = row;
    while (this.#parents[root] !== root) root = this.#parents[root]!;
    for (let at = row; at !== root; ) {
      const next = this.#parents[at]!;
      this.#parents[at] = root;
      at = next;
    }
    return root;
  }
}
