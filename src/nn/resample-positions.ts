// Position embeddings for another number of patches: bicubic interpolation, as PyTorch computes it.

import type { Grid } from "./presets.js";

/** The cubic convolution kernel's parameter in torch.nn.functional.interpolate (Keys, 1981, takes -0.5). */
const A = -0.75;

/**
 * [1, 1 + cells, width] of one grid to the same of another: the row of CLS stays, the grid is interpolated as by
 * `interpolate(mode="bicubic", align_corners=False)` without antialiasing.
 */
export function resamplePositions(values: Float32Array, from: Grid, to: Grid, width: number): Float32Array {
  const result = new Float32Array((1 + to.rows * to.columns) * width);
  result.set(values.subarray(0, width));
  result.set(resampleGrid(values.subarray(width), from, to, width), width);
  return result;
}

/** The same of the grid alone: [cells, width], row by row. */
export function resampleGrid(values: Float32Array, from: Grid, to: Grid, width: number): Float32Array {
  const down = Array.from({ length: to.rows }, (_, place) => tapsOf(place, from.rows, to.rows));
  const across = Array.from({ length: to.columns }, (_, place) => tapsOf(place, from.columns, to.columns));
  // Rows first, then columns; both steps in double precision.
  const rows = new Float64Array(to.rows * from.columns * width);
  for (const [row, { places, weights }] of down.entries()) {
    for (let column = 0; column < from.columns; column++) {
      for (let channel = 0; channel < width; channel++) {
        let sum = 0;
        for (let tap = 0; tap < 4; tap++) {
          sum += weights[tap]! * values[(places[tap]! * from.columns + column) * width + channel]!;
        }
        rows[(row * from.columns + column) * width + channel] = sum;
      }
    }
  }
  const result = new Float32Array(to.rows * to.columns * width);
  for (let row = 0; row < to.rows; row++) {
    for (const [column, { places, weights }] of across.entries()) {
      const target = (row * to.columns + column) * width;
      for (let channel = 0; channel < width; channel++) {
        let sum = 0;
        for (let tap = 0; tap < 4; tap++)
          sum += weights[tap]! * rows[(row * from.columns + places[tap]!) * width + channel]!;
        result[target + channel] = sum;
      }
    }
  }
  return result;
}

export function isSameGrid(one: Grid, other: Grid): boolean {
  return one.rows === other.rows && one.columns === other.columns;
}

/** One axis of that interpolation as a matrix [to, from], for programs. */
export function bicubicMatrix(from: number, to: number): Float32Array {
  const matrix = new Float32Array(to * from);
  for (let place = 0; place < to; place++) {
    const { places, weights } = tapsOf(place, from, to);
    for (const [tap, weight] of weights.entries()) matrix[place * from + places[tap]!]! += weight;
  }
  return matrix;
}

/** The four cells that a cell of the new grid is computed from, those beyond the edge being the edge's own. */
function tapsOf(place: number, from: number, to: number): { places: number[]; weights: number[] } {
  const centre = ((place + 0.5) * from) / to - 0.5;
  const first = Math.floor(centre);
  const t = centre - first;
  const places = [-1, 0, 1, 2].map((step) => Math.min(from - 1, Math.max(0, first + step)));
  return { places, weights: [far(t + 1), near(t), near(1 - t), far(2 - t)] };
}

function near(x: number): number {
  return ((A + 2) * x - (A + 3)) * x * x + 1;
}

function far(x: number): number {
  return ((A * x - 5 * A) * x + 8 * A) * x - 4 * A;
}
