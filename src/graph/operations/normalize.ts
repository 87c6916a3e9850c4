// Softmax and layer normalisation.
import { ProgramError } from "../errors.js";
import type { Lowering } from "../lowering.js";
import { broadcastShapes, formatShape, sameShape } from "../shape.js";
import { apply, applyOne, constant, type Operation, type Tensor } from "../tensor.js";
import { isFloat } from "./compare.js";

/** Inputs x [..., n] and perhaps a boolean tensor that broadcasts to it. */
const softmaxOperation: Operation<null> = {
  name: "softmax",
  type: ([x, excluded]) => {
    if (!isFloat(x!.dtype) || x!.shape.length === 0) throw new ProgramError("takes a floating tensor with an axis");
    if (excluded !== undefined) {
      const fits = excluded.dtype === "bool" && sameShape(broadcastShapes(excluded.shape, x!.shape), x!.shape);
      if (!fits) throw new ProgramError(`what is excluded must be bool and stretch to ${formatShape(x!.shape)}`);
    }
    return [x!];
  },
  // Where an entry is excluded the result is 0, and so is its gradient: the mask plays no part in it.
  gradient: ({ outputs: [y] }, [g]) => {
    const weighted = g!.mul(y!);
    return [y!.mul(g!.sub(weighted.sum([-1], { keepDims: true })))];
  },
  lower: (lowering, { inputs }, [x, excluded]) => {
    const lowest = () => lowering.scalar(-Infinity, inputs[0]!.dtype);
    const logits = excluded === undefined ? x! : lowering.emit("Where", [excluded, lowest(), x!]);
    return [lowering.emit("Softmax", [logits], { attributes: { axis: -1 } })];
  },
};

/**
 * exp(x) / sum(exp(x)) over the last axis. Entries that are -Infinity, or where the boolean tensor `excluded` holds,
 * get an exact 0; one of each row must remain.
 */
export function softmax(x: Tensor, excluded?: Tensor): Tensor {
  return applyOne(softmaxOperation, excluded ? [x, excluded] : [x], null);
}

interface LayerNormAttributes {
  readonly epsilon: number;
}

/** Inputs x [..., n], weight [n], bias [n]; outputs the result, and mean and 1/deviation [..., 1] for the gradient. */
const layerNormOperation: Operation<LayerNormAttributes> = {
  name: "layerNorm",
  type: ([x, weight, bias]) => {
    const width = x!.shape.slice(-1);
    if (width.length === 0) throw new ProgramError("takes a tensor of one or more axes");
    if (!sameShape(weight!.shape, width) || !sameShape(bias!.shape, width)) {
      throw new ProgramError(`weight and bias must be ${formatShape(width)}`);
    }
    if ([weight, bias].some((operand) => operand!.dtype !== x!.dtype) || !isFloat(x!.dtype)) {
      throw new ProgramError("all operands must be of one floating dtype");
    }
    const statistic = { shape: [...x!.shape.slice(0, -1), 1], dtype: x!.dtype };
    return [x!, statistic, statistic];
  },
  /*
   * With c = x - mean, s = 1/deviation and d = gradient * weight, the gradient of x is
   *   s d - s mean(d) - c s^3 mean(d c).
   * The means over a row and the sums over rows are products with vectors, which read and hardly write: what costs
   * time here is writing tensors of the size of x.
   */
  gradient: ({ inputs, outputs }, [g]) => {
    const [x, weight] = inputs as [Tensor, Tensor];
    const [, mean, inverseDeviation] = outputs as [Tensor, Tensor, Tensor];
    const width = weight.size;
    const gradient = g!.reshape([-1, width]);
    const [rows] = gradient.shape as [number];
    const s = inverseDeviation.reshape([rows, 1]);
    const centred = x.reshape([rows, width]).sub(mean.reshape([rows, 1]));
    const weighted = gradient.mul(centred);
    const column = weight.reshape([width, 1]);
    const meanGradient = gradient.matmul(column, { scale: 1 / width });
    const meanWeighted = weighted.matmul(column, { scale: 1 / width });
    const slope = s.mul(s).mul(s).mul(meanWeighted);
    const toX = gradient.mul(weight).mul(s).sub(centred.mul(slope)).sub(s.mul(meanGradient));
    const ones = constant(new Float32Array(rows).fill(1), [1, rows], x.dtype);
    return [
      toX.reshape(x.shape),
      s.transpose([1, 0]).matmul(weighted).reshape([width]),
      ones.matmul(gradient).reshape([width]),
    ];
  },
  lower: (lowering, node, inputs) => {
    const { outputs, attributes } = node;
    if (outputs[0]!.dtype === "float64") return lowerComposed(lowering, attributes.epsilon, inputs);
    const needsStatistics = outputs.slice(1).some((statistic) => lowering.isUsed(statistic));
    const names = lowering.emitAll("LayerNormalization", inputs, {
      outputs: needsStatistics ? 3 : 1,
      attributes: { axis: -1, epsilon: { float: attributes.epsilon } },
    });
    return [...names, "", ""].slice(0, 3);
  },
};

/** ONNX gives the statistics in float32 whatever the dtype, so in float64 the steps are spelled out. */
function lowerComposed(lowering: Lowering, epsilon: number, [x, weight, bias]: readonly string[]): readonly string[] {
  const rowMean = (value: string) => lowering.emit("ReduceMean", [value], { attributes: { axes: [-1] } });
  const mean = rowMean(x!);
  const centred = lowering.emit("Sub", [x!, mean]);
  const variance = rowMean(lowering.emit("Mul", [centred, centred]));
  const deviation = lowering.emit("Sqrt", [lowering.emit("Add", [variance, lowering.scalar(epsilon, "float64")])]);
  const inverse = lowering.emit("Reciprocal", [deviation]);
  const scaled = lowering.emit("Mul", [lowering.emit("Mul", [centred, inverse]), weight!]);
  return [lowering.emit("Add", [scaled, bias!]), mean, inverse];
}

/** (x - mean) / sqrt(variance + epsilon) * weight + bias over the last axis, with the biased variance. */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  return apply(layerNormOperation, [x, weight, bias], { epsilon })[0]!;
}
