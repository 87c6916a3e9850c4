// Maps [batch, channels, rows, columns] at another size: bilinear, means over cells, largest values.
//
// Rows and columns are resampled one after the other by constant matrices, so that the gradients are products too.
import { ProgramError } from "../errors.js";
import { constant, type Tensor } from "../tensor.js";
import { strided } from "./spacing.js";

/** A matrix [to, from], row by row: how entries of an axis are weighted. */
type Weights = (to: number, from: number) => Float64Array;

function resampled(name: string, x: Tensor, [rows, columns]: readonly [number, number], weights: Weights): Tensor {
  if (x.rank !== 4 || ![rows, columns].every((size) => Number.isInteger(size) && size >= 1)) {
    throw new ProgramError(`${name}: takes maps of four axes, to sizes from 1 on; found ${x} and ${rows} x ${columns}`);
  }
  const [height, width] = x.shape.slice(2) as [number, number];
  const matrix = (to: number, from: number) => constant(weights(to, from), [to, from], x.dtype);
  const byColumn = columns === width && isIdentity(weights, width) ? x : x.linear(matrix(columns, width));
  return rows === height && isIdentity(weights, height) ? byColumn : matrix(rows, height).matmul(byColumn);
}

function isIdentity(weights: Weights, size: number): boolean {
  return weights(size, size).every((value, place) => value === (place % (size + 1) === 0 ? 1 : 0));
}

/**
 * Bilinear interpolation, as torch.nn.functional.interpolate has it. `alignCorners`: the outermost places of both sizes are
 * the same points; otherwise the areas are, and places beyond the outermost take its value.
 */
export function resizeBilinear(
  x: Tensor,
  rows: number,
  columns: number,
  { alignCorners = false }: { readonly alignCorners?: boolean } = {},
): Tensor {
  return resampled("resizeBilinear", x, [rows, columns], (to, from) => {
    const matrix = new Float64Array(to * from);
    for (let place = 0; place < to; place++) {
      const aligned = to === 1 ? 0 : (place * (from - 1)) / (to - 1);
      const at = alignCorners ? aligned : Math.max(0, ((place + 0.5) * from) / to - 0.5);
      const low = Math.min(Math.floor(at), from - 1);
      const high = Math.min(low + 1, from - 1);
      matrix[place * from + low]! += 1 - (at - low);
      matrix[place * from + high]! += at - low;
    }
    return matrix;
  });
}

/** Means over rows x columns cells that cover the maps, as torch's adaptive_avg_pool2d cuts them. */
export function adaptiveMeanPool(x: Tensor, rows: number, columns: number): Tensor {
  return resampled("adaptiveMeanPool", x, [rows, columns], (to, from) => {
    const matrix = new Float64Array(to * from);
    for (let cell = 0; cell < to; cell++) {
      const [start, end] = [Math.floor((cell * from) / to), Math.ceil(((cell + 1) * from) / to)];
      matrix.fill(1 / (end - start), cell * from + start, cell * from + end);
    }
    return matrix;
  });
}

function positions(name: string, x: Tensor, side: number, stride: number): [number, number] {
  const sizes = x.shape.slice(2).map((size) => Math.floor((size - side) / stride) + 1) as [number, number];
  const isWhole = [side, stride].every((value) => Number.isInteger(value) && value >= 1);
  if (x.rank !== 4 || !isWhole || sizes.some((size) => size < 1)) {
    throw new ProgramError(`${name}: squares of ${side}, ${stride} apart, do not fit into ${x}`);
  }
  return sizes;
}

/** Means over squares of `side` places, `stride` apart. */
export function meanPool(x: Tensor, side: number, stride: number = side): Tensor {
  return resampled("meanPool", x, positions("meanPool", x, side, stride), (to, from) => {
    const matrix = new Float64Array(to * from);
    for (let place = 0; place < to; place++) {
      matrix.fill(1 / side, place * from + place * stride, place * from + place * stride + side);
    }
    return matrix;
  });
}

/** The largest value of squares of `side` places, `stride` apart; of equal ones the first gets the gradient. */
export function maxPool(x: Tensor, side: number, stride: number = side): Tensor {
  const [rows, columns] = positions("maxPool", x, side, stride);
  const places = Array.from({ length: side }, (_, place) => place);
  const largest = (parts: readonly Tensor[]) => parts.reduce((most, part) => most.maximum(part));
  const byRow = largest(places.map((place) => strided(x, 2, place, stride, rows)));
  return largest(places.map((place) => strided(byRow, 3, place, stride, columns)));
}
