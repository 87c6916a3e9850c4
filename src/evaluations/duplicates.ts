// Images of an embedding that are nearly the same: groups that are linked by a similarity above a threshold.

import { openEngine } from "../engine/index.js";
import { findNeighbours } from "../heads/neighbours.js";
import type { EventOptions } from "../training/events.js";
import { openFeatures } from "./feature-files.js";
import type { FeatureLine } from "./feature-lines.js";
import { ImageProgress } from "./image-progress.js";

/** Which images are compared, and how alike duplicates are. */
export interface DuplicatesRequest {
  /** The .npy file of `mixedae embed`. */
  readonly features: string;
  /** The least cosine similarity of two images that are linked; 0.999 by default. */
  readonly threshold?: number;
  /** Threads of the engine; 0, the default, means one a physical core. */
  readonly threads?: number;
}

/** Images that are linked with each other, directly or through others. */
export interface DuplicateGroup {
  readonly images: readonly FeatureLine[];
  /** Of the closest two. */
  readonly similarity: number;
}

/** Of every image, this many nearest are looked at; larger groups hang together through their members. */
const LINKS = 16;
const QUERIES_AT_ONCE = 8192;

/** The groups, that with the closest two images first; within a group, the order of the embedding. */
export async function findDuplicates(
  request: DuplicatesRequest,
  options: EventOptions = {},
): Promise<DuplicateGroup[]> {
  const progress = ImageProgress.of(options);
  const { features, threshold = 0.999, threads } = request;
  const files = openFeatures(features);
  try {
    const { vectors } = files;
    const { count, width } = vectors;
    const groups = new Groups(count);
    progress.begin("compared", count);
    for (let first = 0; first < count; first += QUERIES_AT_ONCE) {
      const queries = new Float32Array(Math.min(QUERIES_AT_ONCE, count - first) * width);
      vectors.read(first, queries.length / width, queries);
      const { k, indices, similarities } = await findNeighbours(vectors, queries, {
        k: LINKS + 1,
        engine: openEngine({ threads }),
      });
      for (const [place, other] of indices.entries()) {
        const row = first + Math.floor(place / k);
        if (other !== row && similarities[place]! >= threshold) groups.link(row, other, similarities[place]!);
      }
      progress.update(first + queries.length / width);
    }
    progress.end();
    const found = groups.found();
    const lines = await files.lines(found.flatMap(({ rows }) => rows));
    let next = 0;
    return found
      .map(({ rows, similarity }) => ({ images: rows.map(() => lines[next++]!), similarity }))
      .sort((a, b) => b.similarity - a.similarity);
  } finally {
    progress.end();
    files.close();
  }
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

  found(): { rows: number[]; similarity: number }[] {
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
