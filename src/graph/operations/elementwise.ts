// Operations on each element: arithmetic with broadcasting, and functions of one variable.

import type { DType } from "../dtypes.js";
import { ProgramError } from "../errors.js";
import type { Lowering } from "../lowering.js";
import { broadcastAxes, broadcastShapes, type Shape, sameShape } from "../shape.js";
import { applyOne, constant, type Operation, scalarConstant, Tensor, type TensorType } from "../tensor.js";
import { expandedFrom } from "./layout.js";

/** A tensor, or a number that becomes a constant of the other operand's dtype. */
export type Operand = Tensor | number;

export function asTensor(operand: Operand, dtype: DType): Tensor {
  return operand instanceof Tensor ? operand : constant(operand, [], dtype);
}

export const FLOATS: readonly DType[] = ["float32", "float64"];
export const NUMBERS: readonly DType[] = ["float32", "float64", "int32", "int64"];

export function requireDtype(type: TensorType, allowed: readonly DType[]): void {
  if (!allowed.includes(type.dtype)) throw new ProgramError(`takes ${allowed.join(", ")}, found ${type.dtype}`);
}

export function binaryType(inputs: readonly TensorType[], allowed: readonly DType[]): TensorType {
  const [left, right] = inputs as [TensorType, TensorType];
  requireDtype(left, allowed);
  if (left.dtype !== right.dtype) throw new ProgramError(`dtypes differ: ${left.dtype} and ${right.dtype}`);
  return { shape: broadcastShapes(left.shape, right.shape), dtype: left.dtype };
}

/** Sums a gradient over the axes along which its operand was stretched. */
export function sumTo(gradient: Tensor, operand: { readonly shape: Shape }): Tensor {
  if (sameShape(gradient.shape, operand.shape)) return gradient;
  return gradient.sum(broadcastAxes(operand.shape, gradient.shape), { keepDims: true }).reshape(operand.shape);
}

/**
 * An operand that was only expanded to meet the other one is used as it was before: the operation stretches it anyway.
 * Gradients of reductions are such operands, and need no pass of their own this way.
 */
export function unexpanded(operand: Tensor, other: Tensor): Tensor {
  const source = expandedFrom(operand);
  return source !== undefined && sameShape(broadcastShapes(source.shape, other.shape), operand.shape)
    ? source
    : operand;
}

type BinaryGradient = (left: Tensor, right: Tensor, result: Tensor, gradient: Tensor) => readonly [Tensor, Tensor];

function binaryOperation(name: string, onnxType: string, gradient: BinaryGradient): Operation<null> {
  return {
    name,
    type: (inputs) => [binaryType(inputs, NUMBERS)],
    gradient: ({ inputs, outputs }, [outputGradient]) => {
      const [left, right] = inputs as [Tensor, Tensor];
      const [toLeft, toRight] = gradient(left, right, outputs[0]!, outputGradient!);
      return [sumTo(toLeft, left), sumTo(toRight, right)];
    },
    lower: (lowering, _, inputs) => [lowering.emit(onnxType, inputs)],
  };
}

const addOperation = binaryOperation("add", "Add", (_l, _r, _y, g) => [g, g]);
const subOperation = binaryOperation("sub", "Sub", (_l, _r, _y, g) => [g, g.neg()]);
const mulOperation = binaryOperation("mul", "Mul", (l, r, _y, g) => [g.mul(r), g.mul(l)]);
const divOperation = binaryOperation("div", "Div", (_l, r, y, g) => [g.div(r), g.mul(y).div(r).neg()]);
const maximumOperation = binaryOperation("maximum", "Max", (l, r, _y, g) => {
  const fromLeft = l.greaterOrEqual(r);
  return [fromLeft.select(g, 0), fromLeft.select(0, g)];
});

function binary(operation: Operation<null>, left: Operand, right: Operand): Tensor {
  const dtype = left instanceof Tensor ? left.dtype : (right as Tensor).dtype;
  const [a, b] = [asTensor(left, dtype), asTensor(right, dtype)];
  return applyOne(operation, [unexpanded(a, b), unexpanded(b, a)], null);
}

export function add(left: Tensor, right: Operand): Tensor {
  return isNeutral(right, 0) ? left : binary(addOperation, left, right);
}

export function sub(left: Operand, right: Operand): Tensor {
  return left instanceof Tensor && isNeutral(right, 0) ? left : binary(subOperation, left, right);
}

export function mul(left: Tensor, right: Operand): Tensor {
  return isNeutral(right, 1) ? left : binary(mulOperation, left, right);
}

export function div(left: Operand, right: Operand): Tensor {
  return left instanceof Tensor && isNeutral(right, 1) ? left : binary(divOperation, left, right);
}

export function maximum(left: Tensor, right: Operand): Tensor {
  return binary(maximumOperation, left, right);
}

function isNeutral(operand: Operand, value: number): boolean {
  return (operand instanceof Tensor && operand.rank === 0 ? scalarConstant(operand) : operand) === value;
}

type UnaryLowering = (lowering: Lowering, input: string, dtype: DType) => string;

function unaryOperation(
  name: string,
  onnxForm: string | UnaryLowering,
  gradient: (x: Tensor, y: Tensor, g: Tensor) => Tensor,
  allowed = FLOATS,
): (x: Tensor) => Tensor {
  const operation: Operation<null> = {
    name,
    type: ([x]) => {
      requireDtype(x!, allowed);
      return [x!];
    },
    gradient: ({ inputs, outputs }, [g]) => [gradient(inputs[0]!, outputs[0]!, g!)],
    lower: (lowering, { outputs }, [x]) => [
      typeof onnxForm === "string" ? lowering.emit(onnxForm, [x!]) : onnxForm(lowering, x!, outputs[0]!.dtype),
    ],
  };
  return (x) => applyOne(operation, [x], null);
}

export const neg = unaryOperation("neg", lowerNeg, (_x, _y, g) => g.neg(), NUMBERS);
export const exp = unaryOperation("exp", "Exp", (_x, y, g) => g.mul(y));
export const log = unaryOperation("log", "Log", (x, _y, g) => g.div(x));
export const sqrt = unaryOperation("sqrt", "Sqrt", (_x, y, g) => g.div(y).mul(0.5));
export const tanh = unaryOperation("tanh", "Tanh", (_x, y, g) => g.mul(sub(1, y.mul(y))));
export const sigmoid = unaryOperation("sigmoid", "Sigmoid", (_x, y, g) => g.mul(y).mul(sub(1, y)));
export const abs = unaryOperation("abs", "Abs", (x, _y, g) => x.greaterOrEqual(0).select(g, g.neg()));
export const erf = unaryOperation("erf", lowerErf, (x, _y, g) =>
  g.mul(
    x
      .mul(x)
      .neg()
      .exp()
      .mul(2 / Math.sqrt(Math.PI)),
  ),
);

/** Where `Neg` takes floats alone, a whole number is taken from zero. */
function lowerNeg(lowering: Lowering, input: string, dtype: DType): string {
  const isWhole = dtype === "int32" || dtype === "int64";
  if (lowering.kernels.wholeNumbers || !isWhole) return lowering.emit("Neg", [input]);
  return lowering.emit("Sub", [lowering.scalar(0, dtype), input]);
}

/**
 * ONNX Runtime has `Erf` for float32 alone. In float64, where gradients are checked, it is its own integral,
 * erf(x) = (2/sqrt(pi)) x * integral over t in [0, 1] of exp(-x^2 t^2), by Gauss-Legendre quadrature;
 * beyond |x| = 6, where erf rounds to 1, x is cut off.
 */
export function lowerErf(lowering: Lowering, input: string, dtype: DType): string {
  if (dtype !== "float64") return lowering.emit("Erf", [input]);
  const { nodes, weights } = gaussLegendre(64);
  const cut = lowering.emit("Clip", [input, lowering.scalar(-6, dtype), lowering.scalar(6, dtype)]);
  const column = lowering.emit("Unsqueeze", [cut, lowering.integers([-1])]);
  const square = lowering.emit("Mul", [column, column]);
  const exponents = lowering.constant(
    Float64Array.from(nodes, (t) => -t * t),
    [nodes.length],
    dtype,
  );
  const scaled = Float64Array.from(weights, (weight) => (weight * 2) / Math.sqrt(Math.PI));
  const integrand = lowering.emit("Exp", [lowering.emit("Mul", [square, exponents])]);
  const integral = lowering.emit("MatMul", [integrand, lowering.constant(scaled, [weights.length], dtype)]);
  return lowering.emit("Mul", [cut, integral]);
}

/** Nodes and weights on [0, 1]: roots of the Legendre polynomial by Newton's method. */
function gaussLegendre(order: number): { nodes: number[]; weights: number[] } {
  const nodes: number[] = [];
  const weights: number[] = [];
  for (let i = 1; i <= order; i++) {
    let x = Math.cos((Math.PI * (i - 0.25)) / (order + 0.5));
    let slope = 0;
    for (let iteration = 0; iteration < 20; iteration++) {
      let [previous, current] = [1, x];
      for (let n = 2; n <= order; n++) {
        [previous, current] = [current, ((2 * n - 1) * x * current - (n - 1) * previous) / n];
      }
      slope = (order * (x * current - previous)) / (x * x - 1);
      x -= current / slope;
    }
    nodes.push((x + 1) / 2);
    weights.push(1 / ((1 - x * x) * slope * slope));
  }
  return { nodes, weights };
}
