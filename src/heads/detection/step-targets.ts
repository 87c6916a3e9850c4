// What a step of detection learns from: anchors and regions of each image, and what they are meant to say.
import type { RandomStream } from "../../random/index.js";
import { ANCHOR_WEIGHTS, type Boxes, boxArea, encodeBox, REGION_WEIGHTS } from "./boxes.js";
import { ANCHOR_THRESHOLDS, BACKGROUND, matchBoxes, REGION_THRESHOLDS, sampleMatched } from "./matching.js";

/** Of the sampled anchors at most so many show objects; of the regions a quarter [Ren et al., 2015]. */
const ANCHOR_SHARE = 0.5;
export const REGION_SHARE = 0.25;

/** The anchors of one image that count. */
export interface SampledAnchors {
  readonly index: Int32Array;
  /** 1 for an object, 0 for none. */
  readonly label: Float32Array;
  /** Zero where there is no object. */
  readonly deltas: Float32Array;
}

/** At most `count` of them. `objects` are the boxes of the image's objects. */
export function sampleAnchors(anchors: Boxes, objects: Boxes, count: number, stream: RandomStream): SampledAnchors {
  const matched = matchBoxes(anchors, objects, ANCHOR_THRESHOLDS);
  const sampled = sampleMatched(matched, count, ANCHOR_SHARE, stream);
  const index = Int32Array.from([...sampled.objects, ...sampled.background]);
  const label = new Float32Array(index.length).fill(1, 0, sampled.objects.length);
  const deltas = new Float32Array(4 * index.length);
  for (const [row, anchor] of sampled.objects.entries()) {
    deltas.set(encodeBox(anchors, anchor, objects, matched[anchor]!, ANCHOR_WEIGHTS), 4 * row);
  }
  return { index, label, deltas };
}

/** The regions of one image that count: those that show objects first. */
export interface SampledRegions {
  readonly boxes: Boxes;
  /** The object that each shows, or BACKGROUND. */
  readonly object: Int32Array;
  /** Zero where there is no object. */
  readonly deltas: Float32Array;
}

/** At most `count` of what was proposed and of the objects' own boxes. */
export function sampleRegions(proposed: Boxes, objects: Boxes, count: number, stream: RandomStream): SampledRegions {
  const all = new Float32Array(proposed.length + objects.length);
  all.set(proposed);
  all.set(objects, proposed.length);
  const matched = matchBoxes(all, objects, REGION_THRESHOLDS);
  const sampled = sampleMatched(matched, count, REGION_SHARE, stream);
  const rows = [...sampled.objects, ...sampled.background].filter((row) => boxArea(all, row) > 0);
  const boxes = new Float32Array(4 * rows.length);
  const object = new Int32Array(rows.length).fill(BACKGROUND);
  const deltas = new Float32Array(4 * rows.length);
  for (const [place, row] of rows.entries()) {
    boxes.set(all.subarray(4 * row, 4 * row + 4), 4 * place);
    object[place] = matched[row]!;
    if (matched[row]! >= 0) deltas.set(encodeBox(all, row, objects, matched[row]!, REGION_WEIGHTS), 4 * place);
  }
  return { boxes, object, deltas };
}
