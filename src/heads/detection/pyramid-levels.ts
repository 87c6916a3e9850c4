// The levels of a detector's feature pyramid, and which of them a region is read from.
import type { PyramidLevel } from "./anchors.js";
import type { Boxes } from "./boxes.js";

/** What the levels follow from. */
export interface PyramidShape {
  /** Side of the image in pixels, a multiple of the patch size or filled up to one. */
  readonly imageSize: number;
  readonly patchSize: number;
  /** How many times the encoder's places the finest map has, each way: 4, 2 or 1. */
  readonly finest: number;
}

/** From the finest to half of the encoder's scale, which regions are read from, and a coarser one for anchors alone. */
export function pyramidLevels({ imageSize, patchSize, finest }: PyramidShape): PyramidLevel[] {
  const places = Math.ceil(imageSize / patchSize);
  const levels: PyramidLevel[] = [];
  for (let scale = finest; scale >= 1; scale /= 2) levels.push({ side: places * scale, stride: patchSize / scale });
  const half = halvedSide(places);
  levels.push({ side: half, stride: 2 * patchSize }, { side: Math.ceil(half / 2), stride: 4 * patchSize });
  return levels;
}

/** How many of the levels regions are read from: all but the coarsest. */
export function regionLevels(levels: readonly PyramidLevel[]): readonly PyramidLevel[] {
  return levels.slice(0, -1);
}

/** A single place has nothing to be halved. */
function halvedSide(side: number): number {
  return side < 2 ? side : Math.floor(side / 2);
}

/** Regions of this many anchors' sides are read from the anchors' level [Lin et al., "Feature Pyramid Networks", CVPR 2017]. */
const REGION_PER_ANCHOR = 224 / 128;

/**
 * The level of each region, by the root of its area: twice as large, one level coarser. In the literature regions of 224 pixels
 * are read from the level of stride 16, whose anchors have 128; with other anchors the rule moves along (ours).
 */
export function levelsOfRegions(
  regions: Boxes,
  { stride }: PyramidLevel,
  anchorScale: number,
  count: number,
): Int32Array {
  const canonical = REGION_PER_ANCHOR * anchorScale * stride;
  return Int32Array.from({ length: regions.length / 4 }, (_, row) => {
    const at = 4 * row;
    const area = (regions[at + 2]! - regions[at]!) * (regions[at + 3]! - regions[at + 1]!);
    const level = Math.floor(Math.log2(Math.sqrt(Math.max(0, area)) / canonical + 1e-8));
    return Math.min(count - 1, Math.max(0, level));
  });
}
