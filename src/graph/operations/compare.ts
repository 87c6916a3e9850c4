// Comparisons, logic on booleans, selection, and conversion between dtypes.

import { type DType, dtypes } from "../dtypes.js";
import { ProgramError } from "../errors.js";
import type { Lowering } from "../lowering.js";
import { broadcastShapes } from "../shape.js";
import { applyOne, type Operation, Tensor, type TensorType } from "../tensor.js";
import { asTensor, binaryType, type Operand, sumTo, unexpanded } from "./elementwise.js";

const COMPARABLE: readonly DType[] = ["float32", "float64", "int32", "int64"];

function comparison(name: string, onnxType: string): (left: Tensor, right: Operand) => Tensor {
  const operation: Operation<null> = {
    name,
    type: (inputs) => [{ shape: binaryType(inputs, COMPARABLE).shape, dtype: "bool" }],
    lower: (lowering, _, inputs) => [lowering.emit(onnxType, inputs)],
  };
  return (left, right) => applyOne(operation, [left, asTensor(right, left.dtype)], null);
}

export const less = comparison("less", "Less");
export const greaterOrEqual = comparison("greaterOrEqual", "GreaterOrEqual");
export const equal = comparison("equal", "Equal");

type LogicLowering = (lowering: Lowering, inputs: readonly string[]) => string;

function logic(name: string, lower: LogicLowering): (left: Tensor, right: Tensor) => Tensor {
  const operation: Operation<null> = {
    name,
    type: (inputs) => [binaryType(inputs, ["bool"])],
    lower: (lowering, _, inputs) => [lower(lowering, inputs)],
  };
  return (left, right) => applyOne(operation, [left, right], null);
}

export const and = logic("and", (lowering, inputs) => lowering.emit("And", inputs));
export const or = logic("or", (lowering, inputs) => {
  if (lowering.kernels.or) return lowering.emit("Or", inputs);
  // By De Morgan: not (not a and not b).
  const negated = inputs.map((input) => lowering.emit("Not", [input]));
  return lowering.emit("Not", [lowering.emit("And", negated)]);
});

const notOperation: Operation<null> = {
  name: "not",
  type: ([x]) => {
    if (x!.dtype !== "bool") throw new ProgramError(`takes bool, found ${x!.dtype}`);
    return [x!];
  },
  lower: (lowering, _, inputs) => [lowering.emit("Not", inputs)],
};

export function not(x: Tensor): Tensor {
  return applyOne(notOperation, [x], null);
}

const selectOperation: Operation<null> = {
  name: "select",
  type: ([condition, ...choices]) => {
    if (condition!.dtype !== "bool") throw new ProgramError(`the condition must be bool, found ${condition!.dtype}`);
    const { shape, dtype } = binaryType(choices, COMPARABLE);
    return [{ shape: broadcastShapes(condition!.shape, shape), dtype }];
  },
  gradient: ({ inputs }, [g]) => {
    const [condition, whenTrue, whenFalse] = inputs as [Tensor, Tensor, Tensor];
    return [undefined, sumTo(select(condition, g!, 0), whenTrue), sumTo(select(condition, 0, g!), whenFalse)];
  },
  lower: (lowering, _, inputs) => [lowering.emit("Where", inputs)],
};

/** `whenTrue` where the condition holds, `whenFalse` elsewhere; all three broadcast. At least one choice is a tensor. */
export function select(condition: Tensor, whenTrue: Operand, whenFalse: Operand): Tensor {
  const dtype = (whenTrue instanceof Tensor ? whenTrue : (whenFalse as Tensor)).dtype;
  const [a, b] = [asTensor(whenTrue, dtype), asTensor(whenFalse, dtype)];
  return applyOne(selectOperation, [condition, unexpanded(a, condition), unexpanded(b, condition)], null);
}

export const castOperation: Operation<DType> = {
  name: "cast",
  type: ([x]: readonly TensorType[], dtype) => [{ shape: x!.shape, dtype }],
  gradient: ({ inputs }, [g]) => [isFloat(inputs[0]!.dtype) ? cast(g!, inputs[0]!.dtype) : undefined],
  lower: (lowering, { attributes }, inputs) => [
    lowering.emit("Cast", inputs, { attributes: { to: dtypes[attributes].onnx } }),
  ],
};

export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : applyOne(castOperation, [x], dtype);
}

export function isFloat(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float64";
}
