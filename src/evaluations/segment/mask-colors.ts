// The colours that masks are stored with, so that pictures of a set look as its authors meant.

import type { MaskFiles } from "../../data/index.js";
import type { PngColor } from "../../formats/png-values.js";
import { maskValues } from "./mask-reading.js";

/** The masks of a set share their palette; the first that can be read tells it. */
const TRIES = 16;

/** A colour for each class, or undefined where masks are greyscale or their palette does not tell the classes apart. */
export function maskColors(masks: MaskFiles, count: number): readonly PngColor[] | undefined {
  const { classes, fromOne } = masks.labels!;
  for (let index = 0; index < Math.min(count, TRIES); index++) {
    const palette = maskValues(masks, index)?.palette;
    if (palette === undefined) continue;
    const first = fromOne ? 1 : 0;
    const colors = palette.slice(first, first + classes);
    return new Set(colors.map(String)).size === classes ? colors : undefined;
  }
  return undefined;
}
