// The view of an image's boxes: moved, scaled and flipped as the image is, and cut off at the edges of the view.

import type { View } from "./augmentation.js";
import { type ImageSides, sizeOf } from "./image-size.js";
import type { BoxTable } from "./targets.js";

/** Boxes that can be seen in a view. */
export interface PlacedBoxes {
  /** Left, top, right and bottom edge in pixels of the view [boxes, 4]. */
  readonly edges: Float32Array;
  /** Which of the image's boxes each is, counted from 0: what is known of a box is found by it. */
  readonly numbers: Int32Array;
  /**
   * Where the left, top, right and bottom edge of its view lie, in the pixels of the table's edges, for each box: what
   * belongs to a box is moved by it as the box is [boxes, 4]. Where the view is flipped, left is beyond right.
   */
  readonly frames: Float32Array;
}

/**
 * The boxes of image `index` in a view of `sides` pixels, in the order of the table. Boxes of which nothing is
 * left within the view are left out. `image` is the size at which the image was decoded.
 */
export function placeBoxes(
  { first, edges, sizes }: BoxTable,
  index: number,
  image: { readonly width: number; readonly height: number },
  { region, flip }: View,
  sides: ImageSides,
): PlacedBoxes {
  const [scaleX, scaleY] = [image.width / sizes[2 * index]!, image.height / sizes[2 * index + 1]!];
  const { width, height } = sizeOf(sides);
  const within = (edge: number, side: number) => Math.min(side, Math.max(0, edge));
  const column = (x: number) => within(((x * scaleX - region.left) * width) / region.width, width);
  const row = (y: number) => within(((y * scaleY - region.top) * height) / region.height, height);
  const kept: number[] = [];
  const numbers: number[] = [];
  for (let box = first[index]!; box < first[index + 1]!; box++) {
    const [low, high] = [column(edges[4 * box]!), column(edges[4 * box + 2]!)];
    const [top, bottom] = [row(edges[4 * box + 1]!), row(edges[4 * box + 3]!)];
    const [left, right] = flip ? [width - high, width - low] : [low, high];
    // Compared as they are stored: a sliver narrower than their precision is empty too.
    if (!(Math.fround(left) < Math.fround(right) && Math.fround(top) < Math.fround(bottom))) continue;
    kept.push(left, top, right, bottom);
    numbers.push(box - first[index]!);
  }
  const [start, end] = [region.left / scaleX, (region.left + region.width) / scaleX];
  const frame = [flip ? end : start, region.top / scaleY, flip ? start : end, (region.top + region.height) / scaleY];
  return {
    edges: Float32Array.from(kept),
    numbers: Int32Array.from(numbers),
    frames: Float32Array.from(numbers.flatMap(() => frame)),
  };
}

/** The boxes of many views: those of view `i` are rows `first[i]` up to `first[i + 1]`. */
export interface BatchBoxes extends PlacedBoxes {
  readonly first: Uint32Array;
}

export function joinBoxes(views: readonly (PlacedBoxes | undefined)[]): BatchBoxes {
  const first = new Uint32Array(views.length + 1);
  views.forEach((boxes, view) => {
    first[view + 1] = first[view]! + (boxes?.numbers.length ?? 0);
  });
  const edges = new Float32Array(4 * first[views.length]!);
  const numbers = new Int32Array(first[views.length]!);
  const frames = new Float32Array(4 * first[views.length]!);
  views.forEach((boxes, view) => {
    if (boxes === undefined) return;
    edges.set(boxes.edges, 4 * first[view]!);
    numbers.set(boxes.numbers, first[view]!);
    frames.set(boxes.frames, 4 * first[view]!);
  });
  return { edges, numbers, frames, first };
}
