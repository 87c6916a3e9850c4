// Reading by index, and its reverse: adding up by index.

import type { DType } from "../dtypes.js";
import { ProgramError } from "../errors.js";
import { checkShape, formatShape, normalizeAxis, type Shape, sameShape } from "../shape.js";
import { applyOne, checkOperands, type Operation, range, type Tensor, type TensorType } from "../tensor.js";

const INDEX_DTYPES: readonly DType[] = ["int32", "int64"];

function requireIndex({ dtype }: TensorType): void {
  if (!INDEX_DTYPES.includes(dtype)) throw new ProgramError(`an index must be int32 or int64, found ${dtype}`);
}

const gatherOperation: Operation<null> = {
  name: "gather",
  type: ([x, index, inverse]) => {
    requireIndex(index!);
    if (x!.shape.length === 0) throw new ProgramError("takes a tensor of one or more axes");
    if (inverse !== undefined) {
      requireIndex(inverse);
      const rows = x!.shape.slice(0, 1);
      if (!sameShape(inverse.shape, rows)) throw new ProgramError(`the inverse must be ${formatShape(rows)}`);
    }
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
    const column = lowering.emit("Unsqueeze", [index!, lowering.integers([-1])]);
    const wide = inputs[1]!.dtype === "int64" ? column : lowering.emit("Cast", [column], { attributes: { to: 7 } });
    return [lowering.emit("ScatterND", [zeros, wide, values!], { attributes: { reduction: "add" } })];
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
    return [scatterAlong(g!, index, axis, x.shape[axis]!)];
  },
  lower: (lowering, { attributes }, inputs) => [
    lowering.emit("GatherElements", inputs, { attributes: { axis: attributes } }),
  ],
};

/** result[..., i, ...] = x[..., index[..., i, ...], ...] along one axis; the other sizes agree. */
export function gatherAlong(x: Tensor, index: Tensor, axis: number): Tensor {
  const normalized = checkOperands("gatherAlong", [x, index], () => normalizeAxis(axis, x.rank));
  return applyOne(gatherAlongOperation, [x, index], normalized);
}

const scatterAlongOperation: Operation<{ readonly axis: number; readonly size: number }> = {
  name: "scatterAlong",
  type: ([values, index], { axis, size }) => {
    requireIndex(index!);
    if (!sameShape(values!.shape, index!.shape)) throw new ProgramError("the index must have the shape of the values");
    return [{ shape: values!.shape.map((extent, i) => (i === axis ? size : extent)), dtype: values!.dtype }];
  },
  gradient: ({ inputs, attributes }, [g]) => [gatherAlong(g!, inputs[1]!, attributes.axis)],
  lower: (lowering, { inputs, outputs, attributes: { axis } }, [values, index]) => {
    const shape = lowering.integers(outputs[0]!.shape);
    const zeros = lowering.emit("Expand", [lowering.scalar(0, inputs[0]!.dtype), shape]);
    return [lowering.emit("ScatterElements", [zeros, index!, values!], { attributes: { axis, reduction: "add" } })];
  },
};

/** Values added up at an index of their own shape along one axis, which has the given size; zero elsewhere. */
export function scatterAlong(values: Tensor, index: Tensor, axis: number, size: number): Tensor {
  const normalized = checkOperands("scatterAlong", [values, index], () => normalizeAxis(axis, values.rank));
  return applyOne(scatterAlongOperation, [values, index], { axis: normalized, size });
}

/** One-hot rows of an index [...] with values in [0, depth): [..., depth]. */
export function oneHot(index: Tensor, depth: number, dtype: DType = "float32"): Tensor {
  checkOperands("oneHot", [index], () => {
    requireIndex(index);
    checkShape([depth]);
  });
  const classes = range(depth, index.dtype);
  return index
    .reshape([...index.shape, 1])
    .equal(classes)
    .cast(dtype);
}
