// The Gaussian error linear unit in its exact form, with its gradient.
import { ProgramError } from "../errors.js";
import type { Lowering } from "../lowering.js";
import { applyOne, type Operation, type Tensor, type TensorType } from "../tensor.js";
import { isFloat } from "./compare.js";
import { lowerErf, sub } from "./elementwise.js";

function requireFloat(x: TensorType | undefined): TensorType {
  if (!isFloat(x!.dtype)) throw new ProgramError(`takes float32 or float64, found ${x!.dtype}`);
  return x!;
}

/** F(x) = (1 + erf(x / sqrt(2))) / 2. */
const normalDistributionOperation: Operation<null> = {
  name: "normalDistribution",
  type: ([x]) => [requireFloat(x)],
  gradient: ({ inputs: [x] }, [g]) => [g!.mul(normalDensity(x!))],
  lower: (lowering, { inputs }, [x]) => {
    const { dtype } = inputs[0]!;
    const error = lowerErf(lowering, lowering.emit("Mul", [x!, lowering.scalar(Math.SQRT1_2, dtype)]), dtype);
    if (dtype === "float32") {
      // (1 + error) / 2 in one pass: no value is cut off, since the error function stays in [-1, 1].
      const attributes = { alpha: { float: 0.5 }, beta: { float: 0.5 } };
      return [lowering.emit("HardSigmoid", [error], { attributes })];
    }
    const shifted = lowering.emit("Add", [error, lowering.scalar(1, dtype)]);
    return [lowering.emit("Mul", [shifted, lowering.scalar(0.5, dtype)])];
  },
};

function normalDistribution(x: Tensor): Tensor {
  return applyOne(normalDistributionOperation, [x], null);
}

/** exp(-x^2 / 2) / sqrt(2 pi); the factor goes into the exponent, where it costs nothing. */
function normalDensity(x: Tensor): Tensor {
  const scaled = x.mul(Math.SQRT1_2);
  return sub(-0.5 * Math.log(2 * Math.PI), scaled.mul(scaled)).exp();
}

/*
 * The gradient computes F(x) anew instead of keeping it from the forward pass: on a CPU, another pass over values in
 * the cache is faster than one more tensor that is written to memory and read back.
 */
const geluOperation: Operation<null> = {
  name: "gelu",
  type: ([x]) => [requireFloat(x)],
  gradient: ({ inputs: [x] }, [g]) => [g!.mul(normalDistribution(x!).add(x!.mul(normalDensity(x!))))],
  lower: (lowering, node, [x]) => {
    const isFloat32 = node.inputs[0]!.dtype === "float32";
    if (isFloat32 && lowering.kernels.contributed.includes("Gelu")) {
      return [lowering.emit("Gelu", [x!], { contributed: true })];
    }
    if (isFloat32) return [lowerStandard(lowering, x!)];
    const [distribution] = normalDistributionOperation.lower(lowering, node, [x!]);
    return [lowering.emit("Mul", [x!, distribution!])];
  },
};

/** x (1 + erf(x / sqrt 2)) / 2 in the form that runtimes recognise and fuse. */
function lowerStandard(lowering: Lowering, x: string): string {
  const scalar = (value: number) => lowering.scalar(value, "float32");
  const error = lowering.emit("Erf", [lowering.emit("Div", [x, scalar(Math.SQRT2)])]);
  const product = lowering.emit("Mul", [x, lowering.emit("Add", [error, scalar(1)])]);
  return lowering.emit("Mul", [product, scalar(0.5)]);
}

/** x F(x) with the normal distribution function F: GELU without the tanh approximation. */
export function gelu(x: Tensor): Tensor {
  return applyOne(geluOperation, [x], null);
}
