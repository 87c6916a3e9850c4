// Anchors: the boxes that a detector starts from, at every place of every level of a pyramid.
import type { Boxes } from "./boxes.js";

/** A level of a feature pyramid of a square image. */
export interface PyramidLevel {
  /** Rows and columns of its map. */
  readonly side: number;
  /** Pixels of the image from one place to the next. */
  readonly stride: number;
}

/** Heights divided by widths [Ren et al., "Faster R-CNN", NeurIPS 2015]. */
export const ASPECTS = [0.5, 1, 2] as const;

/** How many anchors the levels have. */
export function anchorCount(levels: readonly PyramidLevel[]): number {
  return levels.reduce((sum, { side }) => sum + side * side * ASPECTS.length, 0);
}

/**
 * Level by level, row by row, place by place, one for each aspect. Those of place (row, column) have their centre at stride x
 * (column, row), and `scale` times the stride as the root of their area: 8 in the literature.
 */
export function anchorsOf(levels: readonly PyramidLevel[], scale: number, aspects: readonly number[] = ASPECTS): Boxes {
  const shapes = aspects.map((aspect) => ({ width: 1 / Math.sqrt(aspect), height: Math.sqrt(aspect) }));
  const count = levels.reduce((sum, { side }) => sum + side * side * aspects.length, 0);
  const anchors = new Float32Array(4 * count);
  let at = 0;
  for (const { side, stride } of levels) {
    for (let place = 0; place < side * side; place++) {
      const [x, y] = [(place % side) * stride, Math.floor(place / side) * stride];
      for (const { width, height } of shapes) {
        const [right, down] = [(width * scale * stride) / 2, (height * scale * stride) / 2];
        anchors.set([x - right, y - down, x + right, y + down], at);
        at += 4;
      }
    }
  }
  return anchors;
}
