// Windowed attention: a grid of patches cut into squares, within which attention stays.
import { concat, constant, type Tensor } from "../graph/index.js";
import type { KeyExclusion } from "./attention.js";
import type { Windows } from "./block.js";
import type { Grid } from "./presets.js";

/** Whether one window of `side` x `side` patches holds all of a grid: then attention needs no windows. */
export function coversGrid(side: number, { rows, columns }: Grid): boolean {
  return side >= rows && side >= columns;
}

/**
 * Squares of `side` x `side` patches of a grid [Li et al., "Exploring Plain Vision Transformer Backbones for Object
 * Detection", ECCV 2022]; those at its right and lower edge are filled up with tokens that nothing attends to. ViTDet has
 * no CLS; here it is in every window, and what comes of it is the mean over the windows (ours). Sequences are CLS and the
 * patches, row by row.
 */
export function gridWindows(side: number, { rows, columns }: Grid): Windows & { readonly exclude?: KeyExclusion } {
  const [down, across] = [Math.ceil(rows / side), Math.ceil(columns / side)];
  const [missingRows, missingColumns] = [down * side - rows, across * side - columns];
  const count = down * across;
  const isFilled = missingRows > 0 || missingColumns > 0;

  return {
    split(x) {
      const [, batch, width] = x.shape as [number, number, number];
      const patches = x.slice(0, 1).reshape([rows, columns, batch, width]);
      const filled = filledUp(filledUp(patches, 0, missingRows), 1, missingColumns)
        .reshape([down, side, across, side, batch, width])
        .transpose([1, 3, 0, 2, 4, 5])
        .reshape([side * side, count * batch, width]);
      const cls = x
        .slice(0, 0, 1)
        .expand([count, batch, width])
        .reshape([1, count * batch, width]);
      return concat([cls, filled], 0);
    },
    join(x) {
      const width = x.shape[2]!;
      const batch = x.shape[1]! / count;
      const cls = x.slice(0, 0, 1).reshape([count, batch, width]).mean([0], { keepDims: true });
      const patches = x
        .slice(0, 1)
        .reshape([side, side, down, across, batch, width])
        .transpose([2, 0, 3, 1, 4, 5])
        .reshape([down * side, across * side, batch, width])
        .slice(0, 0, rows)
        .slice(1, 0, columns)
        .reshape([rows * columns, batch, width]);
      return concat([cls, patches], 0);
    },
    ...(isFilled && { exclude: fillers(side, { rows, columns }, down, across) }),
  };
}

/** So many zeros behind the last along an axis. */
export function filledUp(x: Tensor, axis: number, by: number): Tensor {
  if (by === 0) return x;
  const shape = x.shape.map((size, index) => (index === axis ? by : size));
  return concat([x, constant(0, []).expand(shape)], axis);
}

/** The keys that only fill up a window. */
function fillers(side: number, { rows, columns }: Grid, down: number, across: number): KeyExclusion {
  return (logits) => {
    const keys = 1 + side * side;
    const batch = logits.shape[0]! / (down * across);
    const excluded = new Uint8Array(down * across * keys);
    for (let window = 0; window < down * across; window++) {
      const [top, left] = [Math.floor(window / across) * side, (window % across) * side];
      for (let place = 0; place < side * side; place++) {
        const isBeyond = top + Math.floor(place / side) >= rows || left + (place % side) >= columns;
        if (isBeyond) excluded[window * keys + 1 + place] = 1;
      }
    }
    return constant(excluded, [down * across, 1, 1, 1, keys], "bool")
      .expand([down * across, batch, 1, 1, keys])
      .reshape([logits.shape[0]!, 1, 1, keys]);
  };
}
