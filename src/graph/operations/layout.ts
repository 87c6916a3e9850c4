// Operations that move elements and compute nothing: reshape, transpose, expand, slice, concatenate, stop the gradient.
import { ProgramError } from "../errors.js";
import { broadcastAxes, broadcastShapes, formatShape, normalizeAxis, type Shape, sameShape, sizeOf } from "../shape.js";
import { apply, applyOne, checkOperands, constant, type Operation, type Tensor } from "../tensor.js";

const reshapeOperation: Operation<Shape> = {
  name: "reshape",
  type: ([x], shape) => {
    if (sizeOf(shape) !== sizeOf(x!.shape)) {
      throw new ProgramError(
        `${formatShape(x!.shape)} has ${sizeOf(x!.shape)} elements, ${formatShape(shape)} has not`,
      );
    }
    return [{ shape, dtype: x!.dtype }];
  },
  gradient: ({ inputs }, [g]) => [reshape(g!, inputs[0]!.shape)],
  lower: (lowering, { attributes }, [x]) => [lowering.emit("Reshape", [x!, lowering.integers(attributes)])],
};

/** The same elements in row-major order under another shape; one size may be -1 and follows from the others. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const source = x.node.operation === (reshapeOperation as Operation) ? x.node.inputs[0]! : x;
  const known = -sizeOf(shape);
  const resolved = shape.map((size) => (size === -1 ? x.size / known : size));
  return sameShape(source.shape, resolved) ? source : applyOne(reshapeOperation, [source], resolved);
}

const transposeOperation: Operation<readonly number[]> = {
  name: "transpose",
  type: ([x], order) => {
    const sorted = [...order].sort((a, b) => a - b);
    if (order.length !== x!.shape.length || sorted.some((axis, index) => axis !== index)) {
      throw new ProgramError(`${formatShape(order)} is not an order of the axes of rank ${x!.shape.length}`);
    }
    return [{ shape: order.map((axis) => x!.shape[axis]!), dtype: x!.dtype }];
  },
  gradient: ({ attributes }, [g]) => [transpose(g!, inverseOrder(attributes))],
  lower: (lowering, { attributes }, [x]) => [lowering.emit("Transpose", [x!], { attributes: { perm: attributes } })],
};

function inverseOrder(order: readonly number[]): number[] {
  return order.map((_, axis) => order.indexOf(axis));
}

/** Axes in another order: axis i of the result is axis `order[i]` of x. Two in a row become one. */
export function transpose(x: Tensor, order: readonly number[]): Tensor {
  const inner = transposedFrom(x);
  if (inner !== undefined && order.every((axis) => axis in inner.order)) {
    return transpose(
      inner.source,
      order.map((axis) => inner.order[axis]!),
    );
  }
  return order.length === x.rank && order.every((axis, index) => axis === index)
    ? x
    : applyOne(transposeOperation, [x], order);
}

/** What a transposed tensor was made from, so that a product can read it in place. */
export function transposedFrom(x: Tensor): { source: Tensor; order: readonly number[] } | undefined {
  if (x.node.operation !== (transposeOperation as Operation)) return undefined;
  return { source: x.node.inputs[0]!, order: x.node.attributes as readonly number[] };
}

const expandOperation: Operation<Shape> = {
  name: "expand",
  type: ([x], shape) => {
    if (!sameShape(broadcastShapes(x!.shape, shape), shape)) {
      throw new ProgramError(`${formatShape(x!.shape)} does not stretch to ${formatShape(shape)}`);
    }
    return [{ shape, dtype: x!.dtype }];
  },
  gradient: ({ inputs }, [g]) => {
    const axes = broadcastAxes(inputs[0]!.shape, g!.shape);
    return [g!.sum(axes, { keepDims: true }).reshape(inputs[0]!.shape)];
  },
  lower: (lowering, { attributes }, [x]) => [lowering.emit("Expand", [x!, lowering.integers(attributes)])],
};

/** Repeats x along axes of size 1 (and new leading axes) up to the given shape. */
export function expand(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : applyOne(expandOperation, [x], [...shape]);
}

export function expandedFrom(x: Tensor): Tensor | undefined {
  return x.node.operation === (expandOperation as Operation) ? x.node.inputs[0]! : undefined;
}

interface SliceAttributes {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
}

const sliceOperation: Operation<SliceAttributes> = {
  name: "slice",
  type: ([x], { axis, start, end }) => {
    const size = x!.shape[axis]!;
    if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end > size || start >= end) {
      throw new ProgramError(`[${start}, ${end}) is not a range within axis ${axis} of size ${size}`);
    }
    return [{ shape: x!.shape.map((extent, i) => (i === axis ? end - start : extent)), dtype: x!.dtype }];
  },
  gradient: ({ inputs, attributes: { axis, start, end } }, [g]) => {
    const { shape, dtype } = inputs[0]!;
    const zeros = (size: number) =>
      size === 0
        ? []
        : [
            expand(
              constant(0, [], dtype),
              shape.map((extent, i) => (i === axis ? size : extent)),
            ),
          ];
    return [concat([...zeros(start), g!, ...zeros(shape[axis]! - end)], axis)];
  },
  lower: (lowering, { inputs, attributes: { axis, start, end } }, [x]) => {
    if (!lowering.kernels.wholeNumbers && !inputs[0]!.dtype.startsWith("float")) {
      // Where `Slice` takes floats alone, reading at constant places does the same.
      const places = lowering.integers(Array.from({ length: end - start }, (_, place) => start + place));
      return [lowering.emit("Gather", [x!, places], { attributes: { axis } })];
    }
    return [lowering.emit("Slice", [x!, ...[start, end, axis].map((value) => lowering.integers([value]))])];
  },
};

/** The elements from `start` up to but not including `end` along one axis. */
export function slice(x: Tensor, axis: number, start: number, end: number = x.shape.at(axis) ?? 0): Tensor {
  const normalized = checkOperands("slice", [x], () => normalizeAxis(axis, x.rank));
  if (start === 0 && end === x.shape[normalized]) return x;
  return applyOne(sliceOperation, [x], { axis: normalized, start, end });
}

const concatOperation: Operation<number> = {
  name: "concat",
  type: (inputs, axis) => {
    const [first] = inputs;
    const fits = inputs.every(
      ({ shape, dtype }) =>
        dtype === first!.dtype &&
        shape.length === first!.shape.length &&
        shape.every((size, i) => i === axis || size === first!.shape[i]),
    );
    if (!fits) throw new ProgramError(`operands differ in dtype, or in a size other than that of axis ${axis}`);
    const total = inputs.reduce((sum, { shape }) => sum + shape[axis]!, 0);
    return [{ shape: first!.shape.map((size, i) => (i === axis ? total : size)), dtype: first!.dtype }];
  },
  gradient: ({ inputs, attributes: axis }, [g]) => {
    let start = 0;
    return inputs.map(({ shape }) => {
      start += shape[axis]!;
      return slice(g!, axis, start - shape[axis]!, start);
    });
  },
  lower: (lowering, { attributes }, inputs) => [lowering.emit("Concat", inputs, { attributes: { axis: attributes } })],
};

/** Tensors one behind the other along an axis. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  if (tensors.length === 0) throw new ProgramError("concat: takes at least one tensor");
  const normalized = checkOperands("concat", tensors, () => normalizeAxis(axis, tensors[0]!.rank));
  return tensors.length === 1 ? tensors[0]! : applyOne(concatOperation, tensors, normalized);
}

const splitOperation: Operation<{ readonly axis: number; readonly parts: number }> = {
  name: "split",
  type: ([x], { axis, parts }) => {
    const size = x!.shape[axis]!;
    if (!Number.isInteger(parts) || parts < 1 || size % parts !== 0)
      throw new ProgramError(`axis ${axis} of size ${size} does not divide into ${parts}`);
    const shape = x!.shape.map((extent, i) => (i === axis ? size / parts : extent));
    return Array.from({ length: parts }, () => ({ shape, dtype: x!.dtype }));
  },
  gradient: ({ outputs, attributes: { axis } }, gradients) => [
    concat(
      gradients.map((gradient, index) => gradient ?? zerosLike(outputs[index]!)),
      axis,
    ),
  ],
  lower: (lowering, { outputs, attributes: { axis } }, [x]) => {
    const sizes = lowering.integers(outputs.map(({ shape }) => shape[axis]!));
    return lowering.emitAll("Split", [x!, sizes], { outputs: outputs.length, attributes: { axis } });
  },
};

function zerosLike({ shape, dtype }: Tensor): Tensor {
  return expand(constant(0, [], dtype), shape);
}

/** Equal parts along an axis. */
export function split(x: Tensor, parts: number, axis: number): readonly Tensor[] {
  return apply(splitOperation, [x], { axis: checkOperands("split", [x], () => normalizeAxis(axis, x.rank)), parts });
}

const stopGradientOperation: Operation<null> = {
  name: "stopGradient",
  type: ([x]) => [x!],
  lower: (_lowering, _node, [x]) => [x!],
};

/** The same value, through which no gradient flows. */
export function stopGradient(x: Tensor): Tensor {
  return applyOne(stopGradientOperation, [x], null);
}
