// Fixed two-dimensional position embeddings: sines and cosines, as MAE uses them, or those of given weights.

import type { EncoderShape, ModelShape } from "./presets.js";
import { resampleGrid } from "./resample-positions.js";

/** Positions of weights: one row for each patch, row by row, and none for CLS. */
export interface GivenPositions {
  /** [patches, width]. */
  readonly encoder: Float32Array;
  /** [patches, decoderWidth]; MAE's where it is undefined. */
  readonly decoder?: Float32Array | undefined;
}

/** An encoder's positions of its patches: [patches, width]. */
export function encoderPositions({ imageSize, patchSize, width, positions }: EncoderShape): Float32Array {
  return positions?.encoder ?? sinCosPositions(width, imageSize / patchSize);
}

/** A decoder's positions of the patches: [patches, decoderWidth]. */
export function decoderPositions({ imageSize, patchSize, decoderWidth, positions }: ModelShape): Float32Array {
  return positions?.decoder ?? sinCosPositions(decoderWidth, imageSize / patchSize);
}

/**
 * Positions of a crop of grid x grid patches, which spread evenly over the area of a whole image: [grid * grid, width].
 * Given ones are interpolated, as DINO does.
 */
export function cropPositions({ imageSize, patchSize, width, positions }: EncoderShape, grid: number): Float32Array {
  const extent = imageSize / patchSize;
  if (positions === undefined) return sinCosPositions(width, grid, extent);
  return grid === extent ? positions.encoder : resampleGrid(positions.encoder, extent, grid, width);
}

/**
 * One row for each cell of a grid x grid image, row by row: [grid * grid, width], width a multiple of 4.
 *
 * The first half of the channels encodes the column, the second the row; each half is [sin | cos] of the coordinate
 * times the frequencies 10000^(-i / (width / 4)) (He et al., CVPR 2022, after Vaswani et al., NeurIPS 2017).
 *
 * `extent`: the cells spread evenly over the area of another grid of extent x extent cells, whose coordinates they get;
 * by default the grid's own.
 */
export function sinCosPositions(width: number, grid: number, extent: number = grid): Float32Array {
  const quarter = width / 4;
  const values = new Float32Array(grid * grid * width);
  for (let cell = 0; cell < grid * grid; cell++) {
    const places = [cell % grid, Math.floor(cell / grid)];
    const coordinates = places.map((place) => (extent === grid ? place : ((place + 0.5) * extent) / grid - 0.5));
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
