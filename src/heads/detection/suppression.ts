// Non-maximum suppression: of boxes that show the same, the one with the highest score stays.
import { type Boxes, boxOverlap } from "./boxes.js";

/** Rows with the highest scores first; of equal scores the earlier row is first. */
export function byScore(scores: ArrayLike<number>, rows: Iterable<number>): number[] {
  return [...rows].sort((a, b) => scores[b]! - scores[a]! || a - b);
}

/**
 * The rows that stay, with the highest scores first and at most `most`: a box goes where it overlaps one that stays by more than
 * `threshold`.
 */
export function suppress(
  boxes: Boxes,
  scores: ArrayLike<number>,
  rows: Iterable<number>,
  threshold: number,
  most = Number.POSITIVE_INFINITY,
): number[] {
  const kept: number[] = [];
  for (const row of byScore(scores, rows)) {
    if (kept.length >= most) break;
    if (kept.every((other) => boxOverlap(boxes, row, boxes, other) <= threshold)) kept.push(row);
  }
  return kept;
}
