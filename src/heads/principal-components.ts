// The directions in which vectors differ most (principal component analysis): their covariance in the engine, its
// eigenvectors by orthogonal iteration.

import { type Engine, openEngine } from "../engine/index.js";
import { defineProgram, input } from "../graph/index.js";

/** Directions in which vectors differ, and where they are along them. */
export interface PrincipalComponents {
  /**
   * Unit vectors at right angles [count, width], that of the largest variance first. Their largest value is positive.
   */
  readonly directions: Float32Array;
  /** The share of all variance that each explains; 0 where there is none. */
  readonly explained: Float32Array;
  /** The vectors, less their mean, along the directions [rows, count]. */
  readonly places: Float32Array;
}

/** Neighbouring variances that are nearly the same take long, and which way they turn says nothing. */
const MOST_ITERATIONS = 1000;
/** Of unit vectors. */
const SETTLED = 1e-7;

/** Of vectors [rows, width]; there are at most as many components as `width`. */
export async function principalComponents(
  vectors: Float32Array,
  width: number,
  count: number,
  engine: Engine = openEngine(),
): Promise<PrincipalComponents> {
  const rows = vectors.length / width;
  const given = input("vectors", [rows, width]);
  const centred = given.sub(given.mean([0]));
  const covariance = centred
    .transpose([1, 0])
    .matmul(centred)
    .mul(1 / rows);
  const program = await engine.compile(defineProgram("principal-components", { centred, covariance }));
  const found = await program.run({ vectors });
  const matrix = Float64Array.from(found.covariance as Float32Array);
  const axes = leadingEigenvectors(matrix, width, Math.min(count, width));

  const total = axes.length === 0 ? 0 : sum(Array.from({ length: width }, (_, i) => matrix[i * width + i]!));
  const explained = axes.map((axis) => (total > 0 ? Math.max(0, dot(axis, times(matrix, axis))) / total : 0));
  const places = new Float32Array(rows * axes.length);
  for (let row = 0; row < rows; row++) {
    const vector = (found.centred as Float32Array).subarray(row * width, (row + 1) * width);
    for (const [place, axis] of axes.entries()) places[row * axes.length + place] = dot(axis, vector);
  }
  return {
    directions: Float32Array.from(axes.flatMap((axis) => [...axis])),
    explained: Float32Array.from(explained),
    places,
  };
}

/** Orthogonal iteration (Golub and Van Loan, Matrix Computations, 8.2.4) on a symmetric matrix [width, width]. */
function leadingEigenvectors(matrix: Float64Array, width: number, count: number): Float64Array[] {
  // Any start that is at right angles to none of them; the same one every time.
  let axes = orthonormal(
    Array.from({ length: count }, (_, axis) =>
      Float64Array.from({ length: width }, (_, i) => Math.cos((i + 1) * (axis + 1) + axis)),
    ),
  );
  for (let iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
    const next = orthonormal(axes.map((axis) => times(matrix, axis)));
    const turned = Math.max(...next.map((axis, place) => 1 - Math.abs(dot(axis, axes[place]!))));
    axes = next;
    if (turned < SETTLED ** 2) break;
  }
  return axes.map(pointed);
}

/** Gram-Schmidt, twice for what rounding leaves; a vector without a direction of its own becomes zeros. */
function orthonormal(vectors: readonly Float64Array[]): Float64Array[] {
  const result: Float64Array[] = [];
  for (const vector of vectors) {
    const own = vector.slice();
    for (let pass = 0; pass < 2; pass++) {
      for (const before of result) {
        const along = dot(own, before);
        for (let i = 0; i < own.length; i++) own[i]! -= along * before[i]!;
      }
    }
    const length = Math.sqrt(dot(own, own));
    result.push(own.map((value) => (length > Number.MIN_VALUE ? value / length : 0)));
  }
  return result;
}

/** The sign of an axis means nothing: its largest value becomes positive, so that the same vectors give the same one. */
function pointed(axis: Float64Array): Float64Array {
  const largest = axis.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
  return largest < 0 ? axis.map((value) => -value) : axis;
}

function times(matrix: Float64Array, vector: Float64Array): Float64Array {
  const width = vector.length;
  return vector.map((_, row) => dot(matrix.subarray(row * width, (row + 1) * width), vector));
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
