// Reading by index, and its reverse: adding up by index.
import { ProgramError } from "../errors.js";
import { formatShape, normalizeAxis, sameShape, type Shape } from "../shape.js";
import { applyOne, constant, type DType, type Operation, type Tensor, type TensorType } from "../tensor.js";

const INDEX_DTYPES: readonly DType[] = ["int32", "int64"];

function requireIndex({ dtype }: TensorType): void {
  if (!INDEX_DTYPES.includes(dtype)) throw new ProgramError(`an index must be int32 or int64, found ${dtype}`);
}

const gatherOperation: Operation<null> = {
  name: "gather",
  type: ([x, index]) => {
    requireIndex(index!);
    if (x!.shape.length === 0) throw new ProgramError("takes a tensor of one or more axes");
    return [{ shape: [...index!.shape, ...x!.shape.slice(1)], dtype: x!.dtype }];
  },
  gradient: ({ inputs }, [g]) => {
    const [x, index, inverse] = inputs as [Tensor, Tensor, Tensor?];
    if (inverse === undefined) return [scatterAdd(g!, index, x.shape)];
    return [gather(g!.reshape([index.size, ...x.shape.slice(1)]), inverse)];
  },
  lower: (lowering, _, [x, index]) => [lowering.emit("Gather", [x!, index!], { attributes: { axis: 0 } })],
};

/**
 * Entries of x [rows, ...] along the first axis at an index [...] of whole numbers in [0, rows).
 *
 * The gradient adds up by index. Where the caller can name for each row of x the one place of the (flattened) index
 * that reads it, `inverse` [rows], the gradient is a gather too, which is faster; a row that is read in other places
 * as well must get no gradient from those.
 */
export function gather(x: Tensor, index: Tensor, inverse?: Tensor): Tensor {
  if (inverse !== undefined && !sameShape(inverse.shape, [x.shape[0]!])) {
    throw new ProgramError(`gather: the inverse must be ${formatShape([x.shape[0]!])}; operands: ${x}, ${inverse}`);
  }
  return applyOne(gatherOperation, inverse ? [x, index, inverse] : [x, index], null);
}

const scatterAddOperation: Operation<Shape> = {
  name: "scatterAdd",
  type: ([values, index], shape) => {
    requireIndex(index!);
    const expected = [...index!.shape, ...shape.slice(1)];
    if (!sameShape(values!.shape, expected)) throw new ProgramError(`the values must be ${formatShape(expected)}`);
    return [{ shape, dtype: values!.dtype }];
  },
  gradient: ({ inputs }, [g]) => [gather(g!, inputs[1]!)],
  lower: (lowering, { inputs, attributes: shape }, [values, index]) => {
    const dtype = inputs[0]!.dtype;
    const zeros = lowering.emit("Expand", [lowering.scalar(0, dtype), lowering.integers(shape)]);
    const wide = lowering.emit("Cast", [index!], { attributes: { to: 7 } });
    const column = lowering.emit("Unsqueeze", [wide, lowering.integers([-1])]);
    return [lowering.emit("ScatterND", [zeros, column, values!], { attributes: { reduction: "add" } })];
  },
};

/** A tensor of the given shape in which values [...index, ...rest] are added up at rows `index`; zero elsewhere. */
export function scatterAdd(values: Tensor, index: Tensor, shape: Shape): Tensor {
  return applyOne(scatterAddOperation, [values, index], [...shape]);
}

const gatherAlongOperation: Operation<number> = {
  name: "gatherAlong",
  type: ([x, index], axis) => {
    requireIndex(index!);
    const fits =
      x!.shape.length === index!.shape.length && x!.shape.every((size, i) => i === axis || size === index!.shape[i]);
    if (!fits) throw new ProgramError(`the index must have the sizes of the tensor on all axes but ${axis}`);
    return [{ shape: index!.shape, dtype: x!.dtype }];
  },
  gradient: ({ inputs, attributes: axis }, [g]) => {
    const [x, index] = inputs as [Tensor, Tensor];
    return [applyOne(scatterAlongOperation, [g!, index], { axis, size: x.shape[axis]! })];
  },
  lower: (lowering, { attributes }, inputs) => [
    lowering.emit("GatherElements", inputs, { attributes: { axis: attributes } }),
  ],
};

/** result[..., i, ...] = x[..., index[..., i, ...], ...] along one axis; the other sizes agree. */
export function gatherAlong(x: Tensor, index: Tensor, axis: number): Tensor {
  return applyOne(gatherAlongOperation, [x, index], normalizeAxis(axis, x.rank));
}

const scatterAlongOperation: Operation<{ readonly axis: number; readonly size: number }> = {
  name: "scatterAlong",
  type: ([values], { axis, size }) => [
    { shape: values!.shape.map((extent, i) => (i === axis ? size : extent)), dtype: values!.dtype },
  ],
  gradient: ({ inputs, attributes }, [g]) => [gatherAlong(g!, inputs[1]!, attributes.axis)],
  lower: (lowering, { inputs, outputs, attributes: { axis } }, [values, index]) => {
    const shape = lowering.integers(outputs[0]!.shape);
    const zeros = lowering.emit("Expand", [lowering.scalar(0, inputs[0]!.dtype), shape]);
    return [lowering.emit("ScatterElements", [zeros, index!, values!], { attributes: { axis, reduction: "add" } })];
  },
};

/** One-hot rows of an index [...] with values in [0, depth): [..., depth]. */
export function oneHot(index: Tensor, depth: number, dtype: DType = "float32"): Tensor {
  const classes = constant(
    Array.from({ length: depth }, (_, i) => i),
    [depth],
    index.dtype,
  );
  return index
    .reshape([...index.shape, 1])
    .equal(classes)
    .cast(dtype);
}
