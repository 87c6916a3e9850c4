// How parameters start: values as a function of the shape and a random stream.
import { type Shape, sizeOf } from "../graph/index.js";
import type { RandomStream } from "../random/index.js";

/** The first values of a parameter of this shape, row by row; random ones are drawn from the stream. */
export type Initializer = (shape: Shape, stream: RandomStream) => Float32Array;

/** All values 0. */
export const zeros: Initializer = (shape) => new Float32Array(sizeOf(shape));

/** All values 1. */
export const ones: Initializer = (shape) => new Float32Array(sizeOf(shape)).fill(1);

/** The normal distribution with mean 0. */
export function normal(deviation: number): Initializer {
  return (shape, stream) => Float32Array.from({ length: sizeOf(shape) }, () => deviation * stream.normal());
}

/** The uniform distribution on [-bound, bound). */
export function uniform(bound: number): Initializer {
  return (shape, stream) => Float32Array.from({ length: sizeOf(shape) }, () => stream.uniformIn(-bound, bound));
}

/** Glorot and Bengio's uniform rule for a weight [out, ...in], viewed as a matrix: the bound is sqrt(6 / (in + out)). */
export const xavierUniform: Initializer = (shape, stream) => {
  const fanIn = sizeOf(shape.slice(1));
  return uniform(Math.sqrt(6 / (fanIn + shape[0]!)))(shape, stream);
};

/**
 * He et al.'s normal rule for the weight of a convolution [out, in, rows, columns] before a ReLU: variance 2 / (values that
 * an output is made of) [ICCV 2015].
 */
export const heNormal: Initializer = (shape, stream) => normal(Math.sqrt(2 / sizeOf(shape.slice(1))))(shape, stream);
