// Regions that a proposal head takes for objects: decoded, without repetition, the best of all levels.
import { anchorCount, type PyramidLevel } from "./anchors.js";
import { ANCHOR_WEIGHTS, type Boxes, boxArea, decodeBox } from "./boxes.js";
import { byScore, suppress } from "./suppression.js";

/** How many are kept. */
export interface ProposalLimits {
  /** Of each level, before those that show the same are left out. */
  readonly perLevel: number;
  /** In the end. */
  readonly count: number;
}

/** More overlap than this means the same. */
const SAME = 0.7;

/**
 * The proposals of one image, the best first: `objectness` [anchors] and `deltas` [anchors, 4] as the head gives them, over
 * the anchors of the levels of a square of `side` pixels.
 */
export function proposedRegions(
  objectness: Float32Array,
  deltas: Float32Array,
  anchors: Boxes,
  levels: readonly PyramidLevel[],
  side: number,
  { perLevel, count }: ProposalLimits,
): Boxes {
  const found: number[] = [];
  const boxes: number[] = [];
  let first = 0;
  for (const level of levels) {
    const last = first + anchorCount([level]);
    const best = byScore(objectness, rowsFrom(first, last)).slice(0, perLevel);
    const decoded = new Float32Array(4 * best.length);
    for (const [row, anchor] of best.entries()) {
      decodeBox(anchors, anchor, deltas, 4 * anchor, ANCHOR_WEIGHTS, side, decoded, row);
    }
    const scores = best.map((anchor) => objectness[anchor]!);
    const solid = best.map((_, row) => row).filter((row) => boxArea(decoded, row) > 0);
    for (const row of suppress(decoded, scores, solid, SAME, count)) {
      found.push(scores[row]!);
      boxes.push(...decoded.subarray(4 * row, 4 * row + 4));
    }
    first = last;
  }
  const kept = byScore(found, found.keys()).slice(0, count);
  return Float32Array.from(kept.flatMap((row) => boxes.slice(4 * row, 4 * row + 4)));
}

function* rowsFrom(first: number, last: number): Generator<number> {
  for (let row = first; row < last; row++) yield row;
}
