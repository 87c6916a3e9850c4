// Fixed two-dimensional position embeddings: sines and cosines, as MAE uses them, or those of given weights.

import { type EncoderShape, type Grid, type ModelShape, patchGrid } from "./presets.js";
import { isSameGrid, resampleGrid } from "./resample-positions.js";

/** Positions of weights: one row for each patch, row by row, and none for CLS. */
export interface GivenPositions {
  /** [patches, width]. */
  readonly encoder: Float32Array;
  /** [patches, decoderWidth]; MAE's where it is undefined. */
  readonly decoder?: Float32Array | undefined;
}

/** An encoder's positions of its patches: [patches, width]. */
export function encoderPositions(shape: EncoderShape): Float32Array {
  return shape.positions?.encoder ?? sinCosPositions(shape.width, patchGrid(shape));
}

/** A decoder's positions of the patches: [patches, decoderWidth]. */
export function decoderPositions(shape: ModelShape): Float32Array {
  return shape.positions?.decoder ?? sinCosPositions(shape.decoderWidth, patchGrid(shape));
}

/**
 * Positions of the patches of a crop, which spread evenly over the area of a whole image: [patches, width]. Given ones are
 * interpolated, as DINO does.
 */
export function cropPositions(shape: EncoderShape, grid: Grid): Float32Array {
  const { width, positions } = shape;
  const whole = patchGrid(shape);
  if (positions === undefined) return sinCosPositions(width, grid, whole);
  return isSameGrid(grid, whole) ? positions.encoder : resampleGrid(positions.encoder, whole, grid, width);
}

/**
 * One row for each cell of a grid, row by row: [cells, width], width a multiple of 4.
 *
 * The first half of the channels encodes the column, the second the row; each half is [sin | cos] of the coordinate
 * times the frequencies 10000^(-i / (width / 4)) (He et al., CVPR 2022, after Vaswani et al., NeurIPS 2017).
 *
 * `extent`: the cells spread evenly over the area of another grid, whose coordinates they get; by default the grid's own.
 */
export function sinCosPositions(
  width: number,
  { rows, columns }: Grid,
  extent: Grid = { rows, columns },
): Float32Array {
  const quarter = width / 4;
  const values = new Float32Array(rows * columns * width);
  const coordinate = (place: number, of: number, within: number) =>
    within === of ? place : ((place + 0.5) * within) / of - 0.5;
  for (let cell = 0; cell < rows * columns; cell++) {
    const coordinates = [
      coordinate(cell % columns, columns, extent.columns),
      coordinate(Math.floor(cell / columns), rows, extent.rows),
    ];
    for (const [half, coordinate] of coordinates.entries()) {
      for (let i = 0; i < quarter; i++) {
        const angle = coordinate * 10000 ** (-i / quarter);
        const start = cell * width + half * 2 * quarter;
        values[start + i] = Math.sin(angle);
        values[start + quarter + i] = Math.cos(angle);
      }
    }
  }
  return values;
}
