// AdamW over all parameters of a model: flat buffers, updated in place chunk by chunk.

import { type Binding, type CompileOptions, compile, type FlatLayout } from "../engine/index.js";
import { defineProgram, input, type Program } from "../graph/index.js";
import { type AdamwOptions, adamwProgram, adamwScalars } from "./adamw.js";

/** How the parameters of one group are treated. */
export interface ParameterGroup {
  readonly decays: boolean;
  /** Multiplies the step's learning rate. */
  readonly learningRateScale: number;
  /** During so many first steps of the run the group stays as it is; its own steps are counted from there. */
  readonly frozenSteps?: number;
}

export interface UpdateOptions {
  /** The number of this step, from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** Of the groups that decay. */
  readonly weightDecay: number;
  /** Multiplies the gradient. */
  readonly gradientScale: number;
}

/** The buffers that an optimizer works on; all of the layout's length. */
export interface FlatState {
  readonly parameters: Float32Array;
  readonly gradients: Float32Array;
  readonly means: Float32Array;
  readonly squares: Float32Array;
}

export class FlatOptimizer {
  readonly #scalars = {
    meanScale: new Float32Array(1),
    squareScale: new Float32Array(1),
    floor: new Float32Array(1),
    keep: new Float32Array(1),
    rate: new Float32Array(1),
  };
  readonly #squaredNorm = new Float32Array(1);

  private constructor(
    readonly state: FlatState,
    private readonly layout: FlatLayout<ParameterGroup>,
    private readonly options: AdamwOptions,
    private readonly updates: readonly Binding[],
    private readonly norms: readonly Binding[],
  ) {}

  static async create(
    layout: FlatLayout<ParameterGroup>,
    state: FlatState,
    options: AdamwOptions,
    compileOptions: CompileOptions,
  ): Promise<FlatOptimizer> {
    const { chunk } = layout;
    const [update, norm] = await Promise.all([
      compile(adamwProgram(chunk, options), compileOptions),
      compile(squaredNormProgram(chunk), compileOptions),
    ]);
    const updates: Binding[] = [];
    const norms: Binding[] = [];
    const optimizer = new FlatOptimizer(state, layout, options, updates, norms);
    for (let index = 0; index < layout.length / chunk; index++) {
      const [parameter, gradient, mean, square] = [state.parameters, state.gradients, state.means, state.squares].map(
        (buffer) => layout.chunkOf(buffer, index),
      ) as [Float32Array, Float32Array, Float32Array, Float32Array];
      updates.push(
        update.bind(
          { parameter, gradient, mean, square, ...optimizer.#scalars },
          { newParameter: parameter, newMean: mean, newSquare: square },
        ),
      );
      norms.push(norm.bind({ gradient }, { squaredNorm: optimizer.#squaredNorm }));
    }
    return optimizer;
  }

  /** The global norm of the scaled gradient, before any clipping. */
  async gradientNorm(gradientScale: number): Promise<number> {
    let total = 0;
    for (const norm of this.norms) {
      await norm.run();
      total += this.#squaredNorm[0]!;
    }
    return Math.sqrt(total) * gradientScale;
  }

  async update({ step, learningRate, weightDecay, gradientScale }: UpdateOptions): Promise<void> {
    for (const { key, firstChunk, chunks } of this.layout.groups) {
      const ownStep = step - (key.frozenSteps ?? 0);
      if (ownStep < 1) continue;
      const values = adamwScalars(this.options, {
        step: ownStep,
        gradientScale,
        learningRate: learningRate * key.learningRateScale,
        weightDecay: key.decays ? weightDecay : 0,
      });
      for (const [name, value] of Object.entries(values)) this.#scalars[name as keyof typeof values][0] = value;
      for (let index = firstChunk; index < firstChunk + chunks; index++) await this.updates[index]!.run();
    }
  }
}

function squaredNormProgram(chunk: number): Program {
  const gradient = input("gradient", [1, chunk]);
  const squaredNorm = gradient.matmul(gradient.transpose([1, 0])).reshape([1]);
  return defineProgram("squared-norm", { squaredNorm });
}
