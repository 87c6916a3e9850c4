// Rules for shapes: sizes, broadcasting, axes.
import { ProgramError } from "./errors.js";

/** The size of each axis, the outermost first; [] is a scalar. */
export type Shape = readonly number[];

/** The number of elements; 1 for a scalar (rank 0). */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

export function checkShape(shape: Shape): void {
  if (!shape.every((size) => Number.isSafeInteger(size) && size > 0)) {
    throw new ProgramError(`a shape holds whole numbers of at least 1, found ${formatShape(shape)}`);
  }
}

/** The shape that both operands stretch to, aligned at the last axis (NumPy's rule). */
export function broadcastShapes(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new ProgramError(`shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast`);
    }
    return Math.max(left, right);
  });
}

/** An axis counted from the front; negative ones count from the back. */
export function normalizeAxis(axis: number, rank: number): number {
  const normalized = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normalized < 0 || normalized >= rank) {
    throw new ProgramError(`axis ${axis} is out of range for rank ${rank}`);
  }
  return normalized;
}

/** Distinct axes in ascending order; all axes where none are given. */
export function normalizeAxes(axes: readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const normalized = axes.map((axis) => normalizeAxis(axis, rank)).sort((a, b) => a - b);
  if (new Set(normalized).size !== normalized.length) throw new ProgramError(`axes ${formatShape(axes)} repeat one`);
  return normalized;
}

/** The axes of `to` that `from` is stretched along when it broadcasts to `to`. */
export function broadcastAxes(from: Shape, to: Shape): number[] {
  const lead = to.length - from.length;
  return to.flatMap((size, axis) => (axis < lead || (from[axis - lead] === 1 && size !== 1) ? [axis] : []));
}
