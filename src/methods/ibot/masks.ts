// Which patches of a global crop iBOT hides from its student.
import type { Grid } from "../../nn/presets.js";
import type { RandomStream } from "../../random/index.js";
import type { IbotOptions } from "./options.js";

/** The least and the largest height of a rectangle as a multiple of its width. */
const ASPECT_RATIOS = [0.3, 1 / 0.3] as const;
/** How often a rectangle that adds nothing, or too much, is drawn again before masking ends. */
const ATTEMPTS = 10;

type MaskOptions = Pick<IbotOptions, "maskProbability" | "maskShare" | "maskShape">;

/**
 * Draws the mask of one crop, row by row: 1 where a patch is hidden.
 *
 * With the given probability a share of the patches is drawn evenly from `maskShare` [iBOT, section 3.1 and appendix],
 * otherwise nothing is hidden. Blockwise masks are rectangles whose aspect ratio is log-uniform [Bao et al., BEiT];
 * they may end up with fewer patches than were asked for.
 */
export function drawMask(
  stream: RandomStream,
  grid: Grid,
  { maskProbability, maskShare, maskShape }: MaskOptions,
): Int32Array {
  const patches = grid.rows * grid.columns;
  if (stream.uniform() >= maskProbability) return new Int32Array(patches);
  const count = Math.floor(stream.uniformIn(...maskShare) * grid.rows * grid.columns);
  return maskShape === "block" ? blockMask(stream, grid, count) : randomMask(stream, patches, count);
}

function randomMask(stream: RandomStream, patches: number, count: number): Int32Array {
  const mask = new Int32Array(patches);
  for (const patch of stream.permutation(patches).subarray(0, count)) mask[patch] = 1;
  return mask;
}

function blockMask(stream: RandomStream, grid: Grid, count: number): Int32Array {
  const mask = new Int32Array(grid.rows * grid.columns);
  let hidden = 0;
  while (hidden < count) {
    const added = addRectangle(stream, mask, grid, count - hidden);
    if (added === 0) break;
    hidden += added;
  }
  return mask;
}

/** Hides one more rectangle of at most `most` patches that are not yet hidden; returns how many it hid. */
function addRectangle(stream: RandomStream, mask: Int32Array, grid: Grid, most: number): number {
  const { rows, columns } = grid;
  // A ninth of the grid, as in iBOT's code; where less is left to hide, that (our choice).
  const least = Math.min(Math.floor(rows / 3) * Math.floor(columns / 3), most);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const area = stream.uniformIn(least, most);
    const aspect = Math.exp(stream.uniformIn(Math.log(ASPECT_RATIOS[0]), Math.log(ASPECT_RATIOS[1])));
    const height = Math.round(Math.sqrt(area * aspect));
    const width = Math.round(Math.sqrt(area / aspect));
    if (height < 1 || width < 1 || height >= rows || width >= columns) continue;
    const top = stream.integer(rows - height + 1);
    const left = stream.integer(columns - width + 1);
    const cells = Array.from(
      { length: height * width },
      (_, index) => (top + Math.floor(index / width)) * columns + left + (index % width),
    ).filter((cell) => mask[cell] === 0);
    if (cells.length === 0 || cells.length > most) continue;
    for (const cell of cells) mask[cell] = 1;
    return cells.length;
  }
  return 0;
}
