// Places of vectors on a plane so that near ones stay near (UMAP), some epochs at a time: whoever looks sees it arrange itself.

import { UMAP } from "umap-js";
import type { Neighbours } from "../../heads/neighbours.js";
import { randomStream } from "../../random/index.js";

/** Of each vector, itself included; as is usual for UMAP. */
export const LAYOUT_NEIGHBOURS = 15;
/** Fewer vectors have no neighbourhoods to speak of. */
const FEWEST_ARRANGED = 8;
/** The layout starts from the places that it is given, stretched to this: UMAP's own start is as wide. */
const START_EXTENT = 10;

export interface UmapLayout {
  readonly epochs: number;
  readonly epoch: number;
  /** [rows, 2], as they are now. */
  places(): Float32Array;
  /** Goes on to an epoch. */
  advance(epoch: number): void;
}

/** How many epochs so many vectors are arranged for, as is usual for UMAP; 0 for too few. */
export function layoutEpochs(rows: number): number {
  if (rows < FEWEST_ARRANGED) return 0;
  return Math.max(200, 600 - 100 * Math.max(1, Math.ceil(rows / 2500)));
}

/**
 * `neighbours` are by cosine similarity, those of each row among all rows; `start` [rows, 2] is where they begin. The same vectors get the same places.
 */
export function startLayout({ k, indices, similarities }: Neighbours, start: Float32Array): UmapLayout {
  const rows = start.length / 2;
  const nearest = Array.from({ length: rows }, (_, row) => {
    const others = Array.from({ length: k }, (_, rank) => row * k + rank).filter((place) => indices[place] !== row);
    // The library expects each row to be its own nearest neighbour, also where another one is equal to it.
    const kept = others.slice(0, k - 1);
    return {
      indices: [row, ...kept.map((place) => indices[place]!)],
      distances: [0, ...kept.map((place) => Math.max(0, 1 - similarities[place]!))],
    };
  });
  const random = randomStream(0, "embeddings layout", 0, 0);
  const epochs = layoutEpochs(rows);
  const umap = new UMAP({ nNeighbors: k, nEpochs: epochs, random: () => random.uniform() });
  umap.setPrecomputedKNN(
    nearest.map((one) => one.indices),
    nearest.map((one) => one.distances),
  );
  // With neighbours that are known, of the vectors it only counts how many there are.
  umap.initializeFit(Array.from({ length: rows }, () => []));
  const embedding = umap.getEmbedding();
  const reach = start.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (const [row, place] of embedding.entries()) {
    // Equal vectors must not begin at the same place, or nothing drives them apart: hence the library's own draw, a little.
    place[0] = (START_EXTENT * start[2 * row]!) / (reach || 1) + place[0]! / 1000;
    place[1] = (START_EXTENT * start[2 * row + 1]!) / (reach || 1) + place[1]! / 1000;
  }
  let epoch = 0;
  return {
    epochs,
    get epoch() {
      return epoch;
    },
    places: () => Float32Array.from(embedding.flat()),
    advance(to) {
      while (epoch < Math.min(to, epochs)) epoch = umap.step();
    },
  };
}
