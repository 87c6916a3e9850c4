// The first values of a model: drawn for each parameter from a random stream of its own.

import type { Shape, Tensor } from "../graph/index.js";
import { type RandomStream, randomStream } from "../random/index.js";

/** A parameter that knows what it starts from. */
export interface Initialized {
  readonly name: string;
  readonly tensor: Tensor;
  /** The values of a parameter of this shape, row by row. */
  readonly initialize: (shape: Shape, stream: RandomStream) => Float32Array;
}

/**
 * The values that a parameter starts from, row by row: a function of its initialiser, its name and the seed, whatever
 * other parameters there are.
 */
export function initialValues({ name, tensor, initialize }: Initialized, seed: number): Float32Array {
  return initialize(tensor.shape, randomStream(seed, `initialize ${name}`, 0, 0));
}
