// Which object each box is meant to find, and which boxes a step learns from.
import type { RandomStream } from "../../random/index.js";
import { type Boxes, boxOverlap } from "./boxes.js";

/** Boxes that are near no object. */
export const BACKGROUND = -1;
/** Boxes that are neither near an object nor far from all: a step learns nothing from them. */
export const UNDECIDED = -2;

/** From which overlap on a box shows an object, and below which it shows none. */
export interface MatchingThresholds {
  readonly object: number;
  readonly background: number;
  /** Whether each object has at least the boxes that overlap it most, however little that is. */
  readonly everyObject: boolean;
}

/** Of anchors [Ren et al., "Faster R-CNN", NeurIPS 2015]. */
export const ANCHOR_THRESHOLDS: MatchingThresholds = { object: 0.7, background: 0.3, everyObject: true };
/** Of regions. */
export const REGION_THRESHOLDS: MatchingThresholds = { object: 0.5, background: 0.5, everyObject: false };

/** For each box the object that it overlaps most, or BACKGROUND, or UNDECIDED. Of equal overlaps the first object is taken. */
export function matchBoxes(boxes: Boxes, objects: Boxes, thresholds: MatchingThresholds): Int32Array {
  const [count, found] = [boxes.length / 4, objects.length / 4];
  const nearest = new Int32Array(count);
  const overlaps = new Float64Array(count * found);
  const bestOfObject = new Float64Array(found);
  const matched = new Int32Array(count).fill(BACKGROUND);
  for (let box = 0; box < count; box++) {
    let highest = 0;
    for (let object = 0; object < found; object++) {
      const overlap = boxOverlap(boxes, box, objects, object);
      overlaps[box * found + object] = overlap;
      if (overlap > highest) [highest, nearest[box]] = [overlap, object];
      if (overlap > bestOfObject[object]!) bestOfObject[object] = overlap;
    }
    if (highest >= thresholds.object && found > 0) matched[box] = nearest[box]!;
    else if (highest >= thresholds.background && found > 0) matched[box] = UNDECIDED;
  }
  if (!thresholds.everyObject) return matched;
  for (let box = 0; box < count; box++) {
    for (let object = 0; object < found; object++) {
      const best = bestOfObject[object]!;
      if (best > 0 && overlaps[box * found + object] === best) matched[box] = nearest[box]!;
    }
  }
  return matched;
}

/**
 * At most `count` boxes, of which at most `share` show objects: these first, both drawn at random. Where there are too few with
 * objects, more without take their places.
 */
export function sampleMatched(
  matched: Int32Array,
  count: number,
  share: number,
  stream: RandomStream,
): { readonly objects: readonly number[]; readonly background: readonly number[] } {
  const [objects, background]: [number[], number[]] = [[], []];
  for (const [box, object] of matched.entries()) {
    if (object >= 0) objects.push(box);
    else if (object === BACKGROUND) background.push(box);
  }
  const shown = drawSome(objects, Math.floor(count * share), stream);
  return { objects: shown, background: drawSome(background, count - shown.length, stream) };
}

/** `count` of the values, or all of them, in random order. */
function drawSome(values: number[], count: number, stream: RandomStream): number[] {
  const drawn = Math.min(count, values.length);
  for (let place = 0; place < drawn; place++) {
    const other = place + stream.integer(values.length - place);
    [values[place], values[other]] = [values[other]!, values[place]!];
  }
  return values.slice(0, drawn);
}
