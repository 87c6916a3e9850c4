// Normalisation of maps [batch, channels, rows, columns]: over the batch, over groups of channels, over channels.
import { ProgramError } from "../errors.js";
import { formatShape } from "../shape.js";
import { apply, constant, type Operation, type Tensor } from "../tensor.js";
import { layerNorm } from "./normalize.js";

function perChannel(values: Tensor): Tensor {
  return values.reshape([values.size, 1, 1]);
}

function checkChannels(name: string, x: Tensor, values: readonly Tensor[]): number {
  const channels = x.shape[1];
  if (x.rank !== 4 || values.some(({ shape }) => shape.length !== 1 || shape[0] !== channels)) {
    const found = values.map(({ shape }) => formatShape(shape)).join(", ");
    throw new ProgramError(`${name}: takes maps of four axes and values for each channel; found ${x} and ${found}`);
  }
  return channels!;
}

/**
 * Input x; outputs (x - mean) / sqrt(variance + epsilon), and mean, (biased) variance and 1 / sqrt(variance + epsilon), each
 * [1, channels, 1, 1].
 */
const standardizeOperation: Operation<{ readonly epsilon: number }> = {
  name: "batchNorm",
  type: ([x]) => {
    const statistic = { shape: [1, x!.shape[1]!, 1, 1], dtype: x!.dtype };
    return [x!, statistic, statistic, statistic];
  },
  /** With y the result and s = 1 / deviation, the gradient of x is s (g - mean(g) - y mean(g y)). */
  gradient: ({ outputs }, [g]) => {
    const [y, , , inverseDeviation] = outputs as [Tensor, Tensor, Tensor, Tensor];
    const meanOf = (values: Tensor) => values.mean([0, 2, 3], { keepDims: true });
    return [
      g!
        .sub(meanOf(g!))
        .sub(y.mul(meanOf(g!.mul(y))))
        .mul(inverseDeviation),
    ];
  },
  lower: (lowering, { inputs, attributes: { epsilon } }, [x]) => {
    const meanOf = (value: string) => lowering.emit("ReduceMean", [value], { attributes: { axes: [0, 2, 3] } });
    const mean = meanOf(x!);
    const centred = lowering.emit("Sub", [x!, mean]);
    const variance = meanOf(lowering.emit("Mul", [centred, centred]));
    const shifted = lowering.emit("Add", [variance, lowering.scalar(epsilon, inputs[0]!.dtype)]);
    const inverse = lowering.emit("Reciprocal", [lowering.emit("Sqrt", [shifted])]);
    return [lowering.emit("Mul", [centred, inverse]), mean, variance, inverse];
  },
};

/** What batch normalisation gives in training. */
export interface BatchNormalized {
  readonly normalized: Tensor;
  /** Of the batch [channels], without gradient: what running statistics follow. The variance is the unbiased one. */
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** Each channel by its mean and (biased) variance over batch and places, then times weight plus bias [channels]. */
export function batchNorm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): BatchNormalized {
  const channels = checkChannels("batchNorm", x, [weight, bias]);
  const [y, mean, variance] = apply(standardizeOperation, [x], { epsilon }) as [Tensor, Tensor, Tensor];
  const count = x.size / channels;
  return {
    normalized: y.mul(perChannel(weight)).add(perChannel(bias)),
    mean: mean.stopGradient().reshape([channels]),
    variance: variance
      .stopGradient()
      .reshape([channels])
      .mul(count / Math.max(1, count - 1)),
  };
}

/** Each channel by a given mean and variance [channels], then times weight plus bias: batch normalisation in use. */
export function normalizeChannels(
  x: Tensor,
  mean: Tensor,
  variance: Tensor,
  weight: Tensor,
  bias: Tensor,
  epsilon: number,
): Tensor {
  checkChannels("normalizeChannels", x, [mean, variance, weight, bias]);
  const scale = weight.div(variance.add(epsilon).sqrt());
  return x.mul(perChannel(scale)).add(perChannel(bias.sub(mean.mul(scale))));
}

/** Each image's groups of adjacent channels by their own mean and variance, then times weight plus bias [channels]. */
export function groupNorm(x: Tensor, groups: number, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  const channels = checkChannels("groupNorm", x, [weight, bias]);
  if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
    throw new ProgramError(`groupNorm: ${channels} channels do not divide into ${groups} groups`);
  }
  const size = x.size / (x.shape[0]! * groups);
  const [ones, zeros] = [1, 0].map((value) => constant(new Float64Array(size).fill(value), [size], x.dtype));
  const normalized = layerNorm(x.reshape([x.shape[0]!, groups, size]), ones!, zeros!, epsilon).reshape(x.shape);
  return normalized.mul(perChannel(weight)).add(perChannel(bias));
}

/** Each place by the mean and variance of its channels, then times weight plus bias [channels]: LayerNorm over channels. */
export function channelNorm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  checkChannels("channelNorm", x, [weight, bias]);
  return layerNorm(x.transpose([0, 2, 3, 1]), weight, bias, epsilon).transpose([0, 3, 1, 2]);
}
