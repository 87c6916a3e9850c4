// Classification by nearest neighbours, as DINO evaluates frozen features.
import type { Neighbours } from "./neighbours.js";

/** How many neighbours vote, in DINO's protocol. */
export const knnCounts = [10, 20, 100, 200] as const;

/** DINO's [Caron et al., "Emerging Properties in Self-Supervised Vision Transformers", ICCV 2021]. */
const TEMPERATURE = 0.07;

/**
 * Votes of the nearest k of each query's neighbours, [queries, classes]: each counts exp(similarity / 0.07) for its
 * own class. `labels` are those of the vectors that were searched.
 */
export function neighbourVotes(
  neighbours: Neighbours,
  labels: ArrayLike<number>,
  classes: number,
  k: number,
): Float64Array {
  const queries = neighbours.indices.length / neighbours.k;
  const votes = new Float64Array(queries * classes);
  for (let query = 0; query < queries; query++) {
    for (let rank = 0; rank < Math.min(k, neighbours.k); rank++) {
      const place = query * neighbours.k + rank;
      const label = labels[neighbours.indices[place]!]!;
      votes[query * classes + label]! += Math.exp(neighbours.similarities[place]! / TEMPERATURE);
    }
  }
  return votes;
}
