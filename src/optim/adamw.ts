// AdamW as a program over one chunk of the flat buffers.
import { defineProgram, input, type Program } from "../graph/index.js";

/** The constants of AdamW. */
export interface AdamwOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** What changes from step to step; each is a scalar input of the program. */
export interface AdamwScalars {
  /** Multiplies the gradient: clipping and averaging over micro-batches. */
  readonly gradientScale: number;
  readonly learningRate: number;
  /** Decoupled weight decay of the chunk's group [Loshchilov and Hutter, ICLR 2019]. */
  readonly weightDecay: number;
  /** The number of this step, from 1. */
  readonly step: number;
}

/**
 * m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
 * p = p (1 - lr wd) - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
 * [Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019].
 *
 * The corrections for the first steps are moved into scalars, so that fewer passes over the chunk are needed. Each old
 * value is read once, so that outputs may be written over inputs.
 */
export function adamwProgram(chunk: number, { beta1, beta2 }: AdamwOptions): Program {
  const vector = (name: string) => input(name, [chunk]);
  const scalar = (name: string) => input(name, [1]);
  const gradient = vector("gradient");
  const mean = vector("mean")
    .mul(beta1)
    .add(gradient.mul(scalar("meanScale")));
  const square = vector("square")
    .mul(beta2)
    .add(gradient.mul(gradient).mul(scalar("squareScale")));
  const direction = mean.div(square.sqrt().add(scalar("floor")));
  const kept = vector("parameter").mul(scalar("keep"));
  return defineProgram("adamw", {
    newMean: mean,
    newSquare: square,
    newParameter: kept.sub(direction.mul(scalar("rate"))),
  });
}

/** The program's scalar inputs for a step. */
export function adamwScalars(
  { beta1, beta2, epsilon }: AdamwOptions,
  { gradientScale, learningRate, weightDecay, step }: AdamwScalars,
): Readonly<Record<"meanScale" | "squareScale" | "floor" | "keep" | "rate", number>> {
  const squareCorrection = Math.sqrt(1 - beta2 ** step);
  return {
    meanScale: (1 - beta1) * gradientScale,
    squareScale: (1 - beta2) * gradientScale ** 2,
    floor: epsilon * squareCorrection,
    keep: 1 - learningRate * weightDecay,
    rate: (learningRate * squareCorrection) / (1 - beta1 ** step),
  };
}
