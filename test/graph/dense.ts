// Plain arrays with a shape, on which references are computed directly in float64, element by element.
import { formatShape, type Shape, sizeOf } from "#src/graph/index.js";

/** "float" stands for the floating dtype that a check runs in. */
export type ElementType = "float" | "int32" | "int64" | "uint8" | "bool";

export interface Dense {
  readonly shape: Shape;
  readonly data: readonly number[];
  readonly type: ElementType;
}

export function dense(shape: Shape, data: readonly number[], type: ElementType = "float"): Dense {
  if (data.length !== sizeOf(shape)) throw new Error(`${data.length} values do not fill ${formatShape(shape)}`);
  return { shape, data, type };
}

/** The array whose element at each index is the value of a function there. */
export function tabulate(
  shape: Shape,
  value: (index: readonly number[]) => number,
  type: ElementType = "float",
): Dense {
  return dense(
    shape,
    Array.from({ length: sizeOf(shape) }, (_, position) => value(indexAt(shape, position))),
    type,
  );
}

function indexAt(shape: Shape, position: number): number[] {
  const index = shape.map(() => 0);
  for (let axis = shape.length - 1, rest = position; axis >= 0; axis--) {
    index[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return index;
}

/** The element at an index of a shape that x broadcasts to: leading axes are dropped, axes of size 1 are read at 0. */
export function at(x: Dense, index: readonly number[]): number {
  const aligned = index.slice(index.length - x.shape.length);
  let position = 0;
  for (const [axis, size] of x.shape.entries()) {
    const place = size === 1 ? 0 : aligned[axis]!;
    if (!(place >= 0 && place < size)) throw new Error(`${formatShape(index)} is outside ${formatShape(x.shape)}`);
    position = position * size + place;
  }
  return x.data[position]!;
}

/** NumPy's broadcasting of shapes that are known to fit. */
export function broadcast(...shapes: readonly Shape[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) =>
    Math.max(...shapes.map((shape) => shape[axis - rank + shape.length] ?? 1)),
  );
}

export function mapDense(x: Dense, value: (element: number) => number, type: ElementType = x.type): Dense {
  return dense(x.shape, x.data.map(value), type);
}

/** Element by element over operands that broadcast. */
export function zip(operands: readonly Dense[], value: (...elements: number[]) => number, type?: ElementType): Dense {
  const shape = broadcast(...operands.map((operand) => operand.shape));
  const result = type ?? operands[0]!.type;
  return tabulate(shape, (index) => value(...operands.map((operand) => at(operand, index))), result);
}

export function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

export function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
