// The operations as methods of a tensor, so that programs read from left to right.

import type { DType } from "./dtypes.js";
import * as norms from "./operations/channel-norms.js";
import * as compare from "./operations/compare.js";
import { type ConvolutionOptions, convolution, transposedConvolution } from "./operations/convolution.js";
import * as elementwise from "./operations/elementwise.js";
import { gather, gatherAlong, oneHot } from "./operations/gather.js";
import { gelu } from "./operations/gelu.js";
import * as layout from "./operations/layout.js";
import { linear, type MatmulOptions, matmul } from "./operations/matmul.js";
import { layerNorm, softmax } from "./operations/normalize.js";
import { logSumExp, max, mean, min, type ReduceOptions, sum } from "./operations/reduce.js";
import { adaptiveMeanPool, maxPool, meanPool, resizeBilinear } from "./operations/resampling.js";
import { topK } from "./operations/top-k.js";
import type { Shape } from "./shape.js";
import type { Tensor } from "./tensor.js";

type Operand = elementwise.Operand;
export type Axes = readonly number[];

export const methods = {
  /** Sums, element by element; shapes are broadcast. */
  add(this: Tensor, other: Operand): Tensor {
    return elementwise.add(this, other);
  },
  /** Differences, element by element; shapes are broadcast. */
  sub(this: Tensor, other: Operand): Tensor {
    return elementwise.sub(this, other);
  },
  /** Products, element by element; shapes are broadcast. */
  mul(this: Tensor, other: Operand): Tensor {
    return elementwise.mul(this, other);
  },
  /** Quotients, element by element; shapes are broadcast. */
  div(this: Tensor, other: Operand): Tensor {
    return elementwise.div(this, other);
  },
  /** The larger of two elements; shapes are broadcast. */
  maximum(this: Tensor, other: Operand): Tensor {
    return elementwise.maximum(this, other);
  },
  /** The larger of x and 0. */
  relu(this: Tensor): Tensor {
    return elementwise.maximum(this, 0);
  },
  /** -x. */
  neg(this: Tensor): Tensor {
    return elementwise.neg(this);
  },
  /** e to the power of x. */
  exp(this: Tensor): Tensor {
    return elementwise.exp(this);
  },
  /** The natural logarithm. */
  log(this: Tensor): Tensor {
    return elementwise.log(this);
  },
  /** The square root. */
  sqrt(this: Tensor): Tensor {
    return elementwise.sqrt(this);
  },
  /** The absolute value; its gradient is 0 at 0. */
  abs(this: Tensor): Tensor {
    return elementwise.abs(this);
  },
  /** The hyperbolic tangent. */
  tanh(this: Tensor): Tensor {
    return elementwise.tanh(this);
  },
  /** 1 / (1 + exp(-x)). */
  sigmoid(this: Tensor): Tensor {
    return elementwise.sigmoid(this);
  },
  /** The error function. */
  erf(this: Tensor): Tensor {
    return elementwise.erf(this);
  },
  /** x times the share of the standard normal distribution below x, exactly. */
  gelu(this: Tensor): Tensor {
    return gelu(this);
  },

  /** Whether this < other, as bool; shapes are broadcast. */
  less(this: Tensor, other: Operand): Tensor {
    return compare.less(this, other);
  },
  /** Whether this >= other, as bool; shapes are broadcast. */
  greaterOrEqual(this: Tensor, other: Operand): Tensor {
    return compare.greaterOrEqual(this, other);
  },
  /** Whether two elements are equal, as bool; shapes are broadcast. */
  equal(this: Tensor, other: Operand): Tensor {
    return compare.equal(this, other);
  },
  /** Of boolean tensors: whether both hold. */
  and(this: Tensor, other: Tensor): Tensor {
    return compare.and(this, other);
  },
  /** Of boolean tensors: whether one of them holds. */
  or(this: Tensor, other: Tensor): Tensor {
    return compare.or(this, other);
  },
  /** Of a boolean tensor: whether it does not hold. */
  not(this: Tensor): Tensor {
    return compare.not(this);
  },
  /** Of a boolean tensor: `whenTrue` where it holds, `whenFalse` elsewhere. */
  select(this: Tensor, whenTrue: Operand, whenFalse: Operand): Tensor {
    return compare.select(this, whenTrue, whenFalse);
  },
  /** The same values as another dtype. */
  cast(this: Tensor, dtype: DType): Tensor {
    return compare.cast(this, dtype);
  },

  /** The same elements under another shape; one size may be -1. */
  reshape(this: Tensor, shape: Shape): Tensor {
    return layout.reshape(this, shape);
  },
  /** Axis i of the result is axis `order[i]` of this tensor. */
  transpose(this: Tensor, order: Axes): Tensor {
    return layout.transpose(this, order);
  },
  /** Repeats axes of size 1 up to the sizes of `shape`. */
  expand(this: Tensor, shape: Shape): Tensor {
    return layout.expand(this, shape);
  },
  /** Elements from `start` up to but not including `end` along an axis. */
  slice(this: Tensor, axis: number, start: number, end?: number): Tensor {
    return layout.slice(this, axis, start, end);
  },
  /** Equal parts along an axis. */
  split(this: Tensor, parts: number, axis: number): readonly Tensor[] {
    return layout.split(this, parts, axis);
  },
  /** The same values, through which no gradient flows. */
  stopGradient(this: Tensor): Tensor {
    return layout.stopGradient(this);
  },

  /** The sum over axes, by default over all; `keepDims` leaves them with size 1. */
  sum(this: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
    return sum(this, axes, options);
  },
  /** The mean over axes, by default over all. */
  mean(this: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
    return mean(this, axes, options);
  },
  /** The largest element along axes, by default of all. */
  max(this: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
    return max(this, axes, options);
  },
  /** The smallest element along axes, by default of all. */
  min(this: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
    return min(this, axes, options);
  },
  /** log(sum(exp(x))) over an axis, without overflow. */
  logSumExp(this: Tensor, axis: number, options?: ReduceOptions): Tensor {
    return logSumExp(this, axis, options);
  },
  /** Over the last axis; entries where `excluded` holds get an exact 0. */
  softmax(this: Tensor, excluded?: Tensor): Tensor {
    return softmax(this, excluded);
  },
  /** Over the last axis, whose size weight and bias have. */
  layerNorm(this: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
    return layerNorm(this, weight, bias, epsilon);
  },

  /** The product over the last two axes; leading axes broadcast. */
  matmul(this: Tensor, other: Tensor, options?: MatmulOptions): Tensor {
    return matmul(this, other, options);
  },
  /** this [..., k] times the transposed weight [n, k], plus bias [n]. */
  linear(this: Tensor, weight: Tensor, bias?: Tensor): Tensor {
    return linear(this, weight, bias);
  },

  /** Entries along the first axis at an index; see `gather` for `inverse`. */
  gather(this: Tensor, index: Tensor, inverse?: Tensor): Tensor {
    return gather(this, index, inverse);
  },
  /** Elements along one axis at an index that has the sizes of this tensor on the others. */
  gatherAlong(this: Tensor, index: Tensor, axis: number): Tensor {
    return gatherAlong(this, index, axis);
  },
  /** Of an index [...]: rows [..., depth] with a single 1. */
  oneHot(this: Tensor, depth: number, dtype?: DType): Tensor {
    return oneHot(this, depth, dtype);
  },
  /** The k largest values of the last axis and their places, in no particular order. */
  topK(this: Tensor, k: number): { readonly values: Tensor; readonly indices: Tensor } {
    return topK(this, k);
  },

  /** Of maps [batch, inputs, rows, columns] and a weight [outputs, inputs, kernel rows, kernel columns]; see `convolution`. */
  convolution(this: Tensor, weight: Tensor, bias?: Tensor, options?: ConvolutionOptions): Tensor {
    return convolution(this, weight, bias, options);
  },
  /** Of maps and a weight [inputs, outputs, kernel rows, kernel columns]; see `transposedConvolution`. */
  transposedConvolution(this: Tensor, weight: Tensor, bias?: Tensor, options?: ConvolutionOptions): Tensor {
    return transposedConvolution(this, weight, bias, options);
  },
  /** Maps at another size by bilinear interpolation. */
  resizeBilinear(this: Tensor, rows: number, columns: number, options?: { readonly alignCorners?: boolean }): Tensor {
    return resizeBilinear(this, rows, columns, options);
  },
  /** Means over rows x columns cells that cover the maps. */
  adaptiveMeanPool(this: Tensor, rows: number, columns: number): Tensor {
    return adaptiveMeanPool(this, rows, columns);
  },
  /** Means over squares of maps, by default side by side. */
  meanPool(this: Tensor, side: number, stride?: number): Tensor {
    return meanPool(this, side, stride);
  },
  /** The largest values of squares of maps, by default side by side. */
  maxPool(this: Tensor, side: number, stride?: number): Tensor {
    return maxPool(this, side, stride);
  },
  /** Maps by the statistics of the batch; see `BatchNormalized`. */
  batchNorm(this: Tensor, weight: Tensor, bias: Tensor, epsilon: number): norms.BatchNormalized {
    return norms.batchNorm(this, weight, bias, epsilon);
  },
  /** Maps by statistics that are given, as batch normalisation is used. */
  normalizeChannels(
    this: Tensor,
    mean: Tensor,
    variance: Tensor,
    weight: Tensor,
    bias: Tensor,
    epsilon: number,
  ): Tensor {
    return norms.normalizeChannels(this, mean, variance, weight, bias, epsilon);
  },
  /** Maps by the statistics of groups of channels. */
  groupNorm(this: Tensor, groups: number, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
    return norms.groupNorm(this, groups, weight, bias, epsilon);
  },
  /** Maps by the statistics of the channels at each place. */
  channelNorm(this: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
    return norms.channelNorm(this, weight, bias, epsilon);
  },
};

export type TensorMethods = typeof methods;
