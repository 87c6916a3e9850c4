// Reductions over axes: sum, mean, largest value, log-sum-exp.
import { normalizeAxes, type Shape, sameShape } from "../shape.js";
import { applyOne, checkOperands, type Operation, type Tensor, type TensorType } from "../tensor.js";
import { FLOATS, NUMBERS, requireDtype } from "./elementwise.js";

/** The shape that a reduction leaves. */
export interface ReduceOptions {
  /** Keep each reduced axis with size 1; they are dropped otherwise. */
  readonly keepDims?: boolean;
}

interface ReduceAttributes {
  readonly axes: readonly number[];
}

function reducedShape(shape: Shape, axes: readonly number[]): number[] {
  return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

function reducedType([x]: readonly TensorType[], { axes }: ReduceAttributes): readonly TensorType[] {
  requireDtype(x!, NUMBERS);
  return [{ shape: reducedShape(x!.shape, axes), dtype: x!.dtype }];
}

const sumOperation: Operation<ReduceAttributes> = {
  name: "sum",
  type: reducedType,
  gradient: ({ inputs }, [g]) => [g!.expand(inputs[0]!.shape)],
  lower: (lowering, { attributes: { axes } }, [x]) => [lowering.emit("ReduceSum", [x!, lowering.integers(axes)])],
};

function extremum(name: string, onnxType: string): Operation<ReduceAttributes> {
  return {
    name,
    type: reducedType,
    gradient: ({ inputs, outputs, attributes: { axes } }, [g]) => {
      // Ties share the gradient evenly.
      const isExtreme = inputs[0]!.equal(outputs[0]!).cast(g!.dtype);
      return [isExtreme.mul(g!.div(isExtreme.sum(axes, { keepDims: true })))];
    },
    lower: (lowering, { attributes: { axes } }, [x]) => [lowering.emit(onnxType, [x!], { attributes: { axes } })],
  };
}

const maxOperation = extremum("max", "ReduceMax");
const minOperation = extremum("min", "ReduceMin");

/** Every reduction keeps its axes; dropping them is a reshape, which costs nothing. */
function reduce(operation: Operation<ReduceAttributes>, x: Tensor, axes?: readonly number[], options?: ReduceOptions) {
  const normalized = checkOperands(operation.name, [x], () => normalizeAxes(axes, x.rank));
  const kept = reducedShape(x.shape, normalized);
  const result = sameShape(kept, x.shape) ? x : applyOne(operation, [x], { axes: normalized });
  return options?.keepDims ? result : result.reshape(kept.filter((_, axis) => !normalized.includes(axis)));
}

/** The sum over the given axes, all where none are given. */
export function sum(x: Tensor, axes?: readonly number[], options?: ReduceOptions): Tensor {
  return reduce(sumOperation, x, axes, options);
}

export function max(x: Tensor, axes?: readonly number[], options?: ReduceOptions): Tensor {
  return reduce(maxOperation, x, axes, options);
}

export function min(x: Tensor, axes?: readonly number[], options?: ReduceOptions): Tensor {
  return reduce(minOperation, x, axes, options);
}

export function mean(x: Tensor, axes?: readonly number[], options?: ReduceOptions): Tensor {
  checkOperands("mean", [x], () => {
    requireDtype(x, FLOATS);
    normalizeAxes(axes, x.rank);
  });
  const total = sum(x, axes, options);
  return total.mul(total.size / x.size);
}

/** log(sum(exp(x))) along one axis, shifted by the largest value so that nothing overflows. */
export function logSumExp(x: Tensor, axis: number, options?: ReduceOptions): Tensor {
  const shift = max(x, [axis], { keepDims: true }).stopGradient();
  const result = sum(x.sub(shift).exp(), [axis], { keepDims: true }).log().add(shift);
  return options?.keepDims ? result : sum(result, [axis]);
}
