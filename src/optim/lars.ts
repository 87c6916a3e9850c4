// LARS: momentum with a step for each tensor that is a share of the tensor's own length.

import { type Binding, type CompileOptions, compile, type Executable, type FlatLayout } from "../engine/index.js";
import { defineProgram, input, type Program, type Tensor } from "../graph/index.js";

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

/** The buffers that it works on; all of the layout's length. */
export interface LarsState {
  readonly parameters: Float32Array;
  readonly gradients: Float32Array;
  readonly momenta: Float32Array;
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

  /** Compiles the update for these buffers. Throws EngineError. */
  static async create(
    layout: FlatLayout<LarsGroup>,
    state: LarsState,
    options: LarsOptions,
    engine: CompileOptions,
  ): Promise<LarsOptimizer> {
    const learningRate = new Float32Array(1);
    const [parameters, gradients, momenta] = [state.parameters, state.gradients, state.momenta].map((buffer) =>
      layout.views(buffer),
    ) as [Views, Views, Views];
    const compiled = new Map<string, Executable>();
    const updates: Binding[] = [];
    for (const { name, size, offset } of layout.entries) {
      const { adapted } = groupAt(layout, offset);
      // Tensors of one size share a program.
      const key = `${size} ${adapted}`;
      const executable = compiled.get(key) ?? (await compile(larsProgram(size, adapted, options), engine));
      compiled.set(key, executable);
      const [parameter, gradient, momentum] = [parameters[name]!, gradients[name]!, momenta[name]!];
      const inputs = { parameter, gradient, momentum, learningRate };
      updates.push(executable.bind(inputs, { newParameter: parameter, newMomentum: momentum }));
    }
    return new LarsOptimizer(updates, learningRate);
  }

  /** Makes one step with the gradients as they are. */
  async update(learningRate: number): Promise<void> {
    this.learningRate[0] = learningRate;
    for (const update of this.updates) await update.run();
  }
}

function groupAt({ groups, chunk }: FlatLayout<LarsGroup>, offset: number): LarsGroup {
  return groups.findLast(({ firstChunk }) => firstChunk * chunk <= offset)!.key;
}

type Views = Readonly<Record<string, Float32Array>>;
