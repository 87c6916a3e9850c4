// The Gaussian error linear unit in its exact form, with its gradient.
import { ProgramError } from "../errors.js";
import { apply, type Operation, type Tensor } from "../tensor.js";
import { isFloat } from "./compare.js";
import { lowerErf, sub } from "./elementwise.js";

/**
 * Outputs x F(x), where F is the normal distribution function, and for the gradient F(x) and x / sqrt(2):
 * the error function is then evaluated once for both passes.
 */
const geluOperation: Operation<null> = {
  name: "gelu",
  type: ([x]) => {
    if (!isFloat(x!.dtype)) throw new ProgramError(`takes float32 or float64, found ${x!.dtype}`);
    return [x!, x!, x!];
  },
  // d/dx x F(x) = F(x) + x exp(-x^2 / 2) / sqrt(2 pi); the factor goes into the exponent, where it costs nothing.
  gradient: ({ inputs, outputs }, [g]) => {
    const [, distribution, scaled] = outputs as [Tensor, Tensor, Tensor];
    const density = sub(-0.5 * Math.log(2 * Math.PI), scaled.mul(scaled)).exp();
    return [g!.mul(distribution.add(inputs[0]!.mul(density)))];
  },
  lower: (lowering, { inputs, outputs }, [x]) => {
    const { dtype } = inputs[0]!;
    const isFloat32 = dtype === "float32";
    if (isFloat32 && !lowering.isUsed(outputs[1]!)) {
      return [lowering.emit("Gelu", [x!], { contributed: true }), "", ""];
    }
    const scaled = lowering.emit("Mul", [x!, lowering.scalar(Math.SQRT1_2, dtype)]);
    const error = lowerErf(lowering, scaled, dtype);
    // (1 + error) / 2 in one pass where there is a kernel for it.
    const distribution = isFloat32
      ? lowering.emit("HardSigmoid", [error], { attributes: { alpha: { float: 0.5 }, beta: { float: 0.5 } } })
      : lowering.emit("Mul", [lowering.emit("Add", [error, lowering.scalar(1, dtype)]), lowering.scalar(0.5, dtype)]);
    return [lowering.emit("Mul", [x!, distribution]), distribution, scaled];
  },
};

/** x F(x) with the normal distribution function F: GELU without the tanh approximation. */
export function gelu(x: Tensor): Tensor {
  return apply(geluOperation, [x], null)[0]!;
}
