// Boxes as rows of left, top, right and bottom edges: how much two share, and how one is said relative to another.

/** Rows of four edges in pixels. */
export type Boxes = Float32Array;

/** Intersection over union of row `i` of one list and row `j` of another; 0 where they share nothing. */
export function boxOverlap(a: Boxes, i: number, b: Boxes, j: number): number {
  const [p, q] = [4 * i, 4 * j];
  const across = Math.min(a[p + 2]!, b[q + 2]!) - Math.max(a[p]!, b[q]!);
  const down = Math.min(a[p + 3]!, b[q + 3]!) - Math.max(a[p + 1]!, b[q + 1]!);
  if (across <= 0 || down <= 0) return 0;
  const shared = across * down;
  return shared / (boxArea(a, i) + boxArea(b, j) - shared);
}

/** In square pixels. */
export function boxArea(boxes: Boxes, row: number): number {
  const at = 4 * row;
  return (boxes[at + 2]! - boxes[at]!) * (boxes[at + 3]! - boxes[at + 1]!);
}

/** What each of the four differences counts for: centre across and down, width, height. */
export type DeltaWeights = readonly [x: number, y: number, width: number, height: number];

/** Of anchors [Ren et al., "Faster R-CNN", NeurIPS 2015]. */
export const ANCHOR_WEIGHTS: DeltaWeights = [1, 1, 1, 1];
/** Of regions, which are near their objects already: the differences are about as large as 1 then. */
export const REGION_WEIGHTS: DeltaWeights = [10, 10, 5, 5];

/** How row `j` of `targets` differs from row `i` of `from`: shift of the centre in widths and heights, logarithms of the sizes. */
export function encodeBox(
  from: Boxes,
  i: number,
  targets: Boxes,
  j: number,
  weights: DeltaWeights,
): [number, number, number, number] {
  const [own, target] = [shapeOf(from, i), shapeOf(targets, j)];
  return [
    (weights[0] * (target.x - own.x)) / own.width,
    (weights[1] * (target.y - own.y)) / own.height,
    weights[2] * Math.log(target.width / own.width),
    weights[3] * Math.log(target.height / own.height),
  ];
}

/** No box becomes more than 62.5 times as large as what it began with. */
const LARGEST_LOGARITHM = Math.log(1000 / 16);

/** Writes the box that differs from row `i` of `from` by `deltas` (four from `at` on) to row `row` of `out`, within a square. */
export function decodeBox(
  from: Boxes,
  i: number,
  deltas: Float32Array,
  at: number,
  weights: DeltaWeights,
  side: number,
  out: Boxes,
  row: number,
): void {
  const own = shapeOf(from, i);
  const x = own.x + (deltas[at]! / weights[0]) * own.width;
  const y = own.y + (deltas[at + 1]! / weights[1]) * own.height;
  const width = own.width * Math.exp(Math.min(LARGEST_LOGARITHM, deltas[at + 2]! / weights[2]));
  const height = own.height * Math.exp(Math.min(LARGEST_LOGARITHM, deltas[at + 3]! / weights[3]));
  const within = (edge: number) => Math.min(side, Math.max(0, edge));
  out.set([within(x - width / 2), within(y - height / 2), within(x + width / 2), within(y + height / 2)], 4 * row);
}

function shapeOf(boxes: Boxes, row: number) {
  const at = 4 * row;
  const [width, height] = [boxes[at + 2]! - boxes[at]!, boxes[at + 3]! - boxes[at + 1]!];
  return { x: boxes[at]! + width / 2, y: boxes[at + 1]! + height / 2, width, height };
}
