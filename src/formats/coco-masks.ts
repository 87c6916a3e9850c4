// Masks as runs, without decoding them: area, overlap, union, box; and polygons as runs, pixel for pixel as COCO's own tools.

/** Lengths of runs of 0 and 1 in turn, column by column, from a run of zeros on; see coco-rle.ts. */
export type Runs = ArrayLike<number>;

/** Left, top, width and height. */
export type CocoBox = readonly [left: number, top: number, width: number, height: number];

/** How many pixels a mask has. */
export function runsArea(runs: Runs): number {
  let area = 0;
  for (let run = 1; run < runs.length; run += 2) area += runs[run]!;
  return area;
}

/** The smallest box that holds a mask of `height` rows; all zeros for an empty one. */
export function runsBox(runs: Runs, height: number): CocoBox {
  let [left, right, top, bottom] = [Number.POSITIVE_INFINITY, -1, Number.POSITIVE_INFINITY, -1];
  let start = 0;
  for (let run = 0; run < runs.length; run++) {
    const length = runs[run]!;
    if (run % 2 === 1 && length > 0) {
      const [first, last] = [Math.floor(start / height), Math.floor((start + length - 1) / height)];
      left = Math.min(left, first);
      right = Math.max(right, last);
      // A run that goes on in another column reaches both edges.
      top = Math.min(top, first === last ? start % height : 0);
      bottom = Math.max(bottom, first === last ? (start + length - 1) % height : height - 1);
    }
    start += length;
  }
  return right < 0 ? [0, 0, 0, 0] : [left, top, right - left + 1, bottom - top + 1];
}

/** Pixels that two masks of the same size share. */
export function runsOverlap(a: Runs, b: Runs): number {
  let [i, j, overlap] = [0, 0, 0];
  let [endA, endB, at] = [a.length > 0 ? a[0]! : 0, b.length > 0 ? b[0]! : 0, 0];
  while (i < a.length && j < b.length) {
    const next = Math.min(endA, endB);
    if (i % 2 === 1 && j % 2 === 1) overlap += next - at;
    at = next;
    if (endA === next) endA += ++i < a.length ? a[i]! : 0;
    if (j < b.length && endB === next) endB += ++j < b.length ? b[j]! : 0;
  }
  return overlap;
}

/** The pixels of any of the masks, all of the same size. */
export function unionOfRuns(masks: readonly Runs[], pixels: number): number[] {
  // Where runs of ones begin and end; between, as many are open as masks have the pixel.
  const edges: { readonly at: number; readonly change: 1 | -1 }[] = [];
  for (const runs of masks) {
    let at = 0;
    for (let run = 0; run < runs.length; run++) {
      if (run % 2 === 1 && runs[run]! > 0) {
        edges.push({ at, change: 1 }, { at: at + runs[run]!, change: -1 });
      }
      at += runs[run]!;
    }
  }
  edges.sort((one, other) => one.at - other.at || other.change - one.change);
  const union: number[] = [];
  let [open, from] = [0, 0];
  for (const { at, change } of edges) {
    const wasOpen = open > 0;
    open += change;
    if (wasOpen === open > 0) continue;
    union.push(at - from);
    from = at;
  }
  union.push(pixels - from);
  return union;
}

/** The outline is followed at five times the resolution. */
const FINER = 5;

/**
 * The pixels within a polygon [x0, y0, x1, y1, ...] as runs of a mask [height, width]. In each column the outline's crossings
 * of the middle of the column, rounded up, are where the mask begins and ends (cocoapi's rleFrPoly, which every user of COCO
 * has been scored with: the last pixel of it matters).
 */
export function polygonRuns(polygon: readonly number[], height: number, width: number): number[] {
  const crossings = crossingsOf(outlineOf(polygon), height, width).sort((a, b) => a - b);
  crossings.push(height * width);
  const lengths = crossings.map((place, index) => place - (index === 0 ? 0 : crossings[index - 1]!));
  const runs: number[] = [lengths[0]!];
  for (let index = 1; index < lengths.length; index++) {
    if (lengths[index]! > 0) runs.push(lengths[index]!);
    // Two crossings at one place are none: what follows belongs to the run before.
    else if (++index < lengths.length) runs[runs.length - 1]! += lengths[index]!;
  }
  return runs;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Every point of a finer grid that the outline goes through, edge by edge, both ends of each included. */
function outlineOf(polygon: readonly number[]): Point[] {
  const corners = Array.from({ length: polygon.length / 2 }, (_, corner) => ({
    x: Math.trunc(FINER * polygon[2 * corner]! + 0.5),
    y: Math.trunc(FINER * polygon[2 * corner + 1]! + 0.5),
  }));
  return corners.flatMap((from, index) => edgePoints(from, corners[(index + 1) % corners.length]!));
}

/** Steps of one along the longer axis; the other is rounded. An edge is drawn alike from either end. */
function edgePoints(from: Point, to: Point): Point[] {
  const [across, down] = [Math.abs(to.x - from.x), Math.abs(to.y - from.y)];
  const isFlat = across >= down;
  const isBackwards = isFlat ? from.x > to.x : from.y > to.y;
  const [start, end] = isBackwards ? [to, from] : [from, to];
  const steps = isFlat ? across : down;
  const slope = steps === 0 ? 0 : (isFlat ? end.y - start.y : end.x - start.x) / steps;
  const points = Array.from({ length: steps + 1 }, (_, step) =>
    isFlat
      ? { x: start.x + step, y: Math.trunc(start.y + slope * step + 0.5) }
      : { x: Math.trunc(start.x + slope * step + 0.5), y: start.y + step },
  );
  return isBackwards ? points.reverse() : points;
}

/** Places in the mask, column by column, at which the outline crosses the middle of a column. */
function crossingsOf(points: readonly Point[], height: number, width: number): number[] {
  const crossings: number[] = [];
  for (let index = 1; index < points.length; index++) {
    const [before, here] = [points[index - 1]!, points[index]!];
    if (here.x === before.x) continue;
    const column = ((here.x < before.x ? here.x : here.x - 1) + 0.5) / FINER - 0.5;
    if (!Number.isInteger(column) || column < 0 || column > width - 1) continue;
    const row = (Math.min(here.y, before.y) + 0.5) / FINER - 0.5;
    crossings.push(column * height + Math.ceil(Math.min(Math.max(row, 0), height)));
  }
  return crossings;
}
