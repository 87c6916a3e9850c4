// The colours that masks are stored with, so that pictures of a set look as its authors meant.

import { join } from "node:path";
import { type MaskFiles, maskName } from "../../data/index.js";
import { LARGEST_LIST, readBytes } from "../../files/regular-file.js";
import { decodePngValues, type PngColor } from "../../formats/png-values.js";

const MOST_PIXELS = 8192 ** 2;
/** The masks of a set share their palette; the first that can be read tells it. */
const TRIES = 16;

/** A colour for each class, or undefined where masks are greyscale or their palette does not tell the classes apart. */
export function maskColors(masks: MaskFiles, count: number): readonly PngColor[] | undefined {
  const { classes, fromOne } = masks.labels!;
  for (let index = 0; index < Math.min(count, TRIES); index++) {
    const palette = paletteIn(join(masks.root, maskName(masks, index)));
    if (palette === undefined) continue;
    const first = fromOne ? 1 : 0;
    const colors = palette.slice(first, first + classes);
    return new Set(colors.map(String)).size === classes ? colors : undefined;
  }
  return undefined;
}

function paletteIn(path: string): readonly PngColor[] | undefined {
  try {
    return decodePngValues(readBytes(path, LARGEST_LIST), MOST_PIXELS).palette;
  } catch {
    return undefined;
  }
}
