// LARS: momentum with a step for each tensor that is a share of the tensor's own length.

import type { Binding, DeviceArray, DeviceArrays, Engine } from "../engine/index.js";
import { defineProgram, input, type Program, type Tensor } from "../graph/index.js";
import { compiledBySize } from "./parts.js";

/** The constants of LARS. */
export interface LarsOptions {
  readonly momentum: number;
  /** Added to the gradient of tensors that are adapted. */
  readonly weightDecay: number;
  /** The share of a tensor's length that a learning rate of 1 moves it by; 0 gives plain momentum (SGD). */
  readonly trustCoefficient: number;
}

/** How the parameters of one group are treated. */
export interface LarsGroup {
  /** Whether steps are scaled to the tensor's length, and it decays: weights, but not biases and norms. */
  readonly adapted: boolean;
}

/** The arrays that it works on, all of the same tensors. */
export interface LarsState {
  readonly parameters: DeviceArrays<LarsGroup>;
  readonly gradients: DeviceArrays<LarsGroup>;
  readonly momenta: DeviceArrays<LarsGroup>;
}

/**
 * d = g + wd p;  d = d c |p| / |d| where both lengths are above 0;  m = b m + d;  p = p - lr m
 * [You, Gitman and Ginsburg, "Large Batch Training of Convolutional Networks", 2017], in the form that MAE and MoCo v3
 * probe with: tensors that are not adapted take the first two steps for d = g.
 *
 * Lengths are known before anything is written, so that outputs may be written over inputs.
 */
export function larsProgram(size: number, adapted: boolean, options: LarsOptions): Program {
  const { momentum, weightDecay, trustCoefficient } = options;
  const vector = (name: string) => input(name, [size]);
  const parameter = vector("parameter");
  const gradient = vector("gradient");
  const decayed = adapted && weightDecay > 0 ? gradient.add(parameter.mul(weightDecay)) : gradient;
  const direction =
    adapted && trustCoefficient > 0 ? decayed.mul(trustRatio(parameter, decayed, trustCoefficient)) : decayed;
  const newMomentum = vector("momentum").mul(momentum).add(direction);
  return defineProgram("lars", {
    newMomentum,
    newParameter: parameter.sub(newMomentum.mul(input("learningRate", [1]))),
  });
}

function trustRatio(parameter: Tensor, direction: Tensor, trustCoefficient: number): Tensor {
  const [length, step] = [lengthOf(parameter), lengthOf(direction)];
  const ratio = length.mul(trustCoefficient).div(step);
  return length.mul(step).equal(0).select(1, ratio);
}

function lengthOf(vector: Tensor): Tensor {
  const row = vector.reshape([1, vector.size]);
  return row
    .matmul(row.transpose([1, 0]))
    .reshape([1])
    .sqrt();
}

/** LARS, compiled for the flat buffers of a layout. */
export class LarsOptimizer {
  private constructor(
    private readonly updates: readonly Binding[],
    private readonly learningRate: Float32Array,
  ) {}

  /** Compiles the update for these arrays. Throws EngineError. */
  static async create(engine: Engine, state: LarsState, options: LarsOptions): Promise<LarsOptimizer> {
    const learningRate = new Float32Array(1);
    const programs = new Map(
      [true, false].map((adapted) => [adapted, compiledBySize(engine, (size) => larsProgram(size, adapted, options))]),
    );
    const updates = state.parameters.tensors.map(async ({ name, group: { adapted } }) => {
      const [parameter, gradient, momentum] = [state.parameters, state.gradients, state.momenta].map(
        ({ byName }) => byName[name]!,
      ) as [DeviceArray, DeviceArray, DeviceArray];
      const executable = await programs.get(adapted)!(parameter.length);
      const inputs = { parameter, gradient, momentum, learningRate };
      return executable.bind(inputs, { newParameter: parameter, newMomentum: momentum });
    });
    return new LarsOptimizer(await Promise.all(updates), learningRate);
  }

  /** Makes one step with the gradients as they are. */
  async update(learningRate: number): Promise<void> {
    this.learningRate[0] = learningRate;
    for (const update of this.updates) await update.run();
  }
}
