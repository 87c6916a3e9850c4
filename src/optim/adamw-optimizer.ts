// AdamW over all parameters of a model, updated in place.

import type { Binding, DeviceArrays, Engine } from "../engine/index.js";
import { defineProgram, input, type Program } from "../graph/index.js";
import { type AdamwOptions, adamwProgram, adamwScalars } from "./adamw.js";
import { type BoundPart, bindParts } from "./parts.js";

/** How the parameters of one group are treated. */
export interface ParameterGroup {
  readonly decays: boolean;
  /** Multiplies the step's learning rate. */
  readonly learningRateScale: number;
  /** How many first steps of the run leave the group as it is; its own steps are counted from there. */
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

/** The arrays that an optimizer works on, all of the same tensors. */
export interface OptimizerState {
  readonly parameters: DeviceArrays<ParameterGroup>;
  readonly gradients: DeviceArrays<ParameterGroup>;
  readonly means: DeviceArrays<ParameterGroup>;
  readonly squares: DeviceArrays<ParameterGroup>;
}

type Scalars = Readonly<Record<keyof ReturnType<typeof adamwScalars>, Float32Array>>;

/** AdamW for the arrays of a model; each group has its own learning rate and weight decay. */
export class AdamwOptimizer {
  private constructor(
    private readonly options: AdamwOptions,
    private readonly scalars: Scalars,
    private readonly updates: readonly BoundPart<ParameterGroup>[],
    private readonly norms: readonly Binding[],
    private readonly squaredNorm: Float32Array,
  ) {}

  /** Compiles the update of these arrays. Throws EngineError. */
  static async create(engine: Engine, state: OptimizerState, options: AdamwOptions): Promise<AdamwOptimizer> {
    const scalars: Scalars = {
      meanScale: new Float32Array(1),
      squareScale: new Float32Array(1),
      floor: new Float32Array(1),
      keep: new Float32Array(1),
      rate: new Float32Array(1),
    };
    const { parameters: parameter, gradients: gradient, means: mean, squares: square } = state;
    const updates = bindParts(
      engine,
      { parameter, gradient, mean, square },
      (size) => adamwProgram(size, options),
      (executable, part) =>
        executable.bind(
          { ...part, ...scalars },
          { newParameter: part.parameter, newMean: part.mean, newSquare: part.square },
        ),
    );
    const squaredNorm = new Float32Array(1);
    const norms = bindParts(engine, { gradient }, squaredNormProgram, (executable, part) =>
      executable.bind(part, { squaredNorm }),
    );
    const bindings = (await norms).map(({ binding }) => binding);
    return new AdamwOptimizer(options, scalars, await updates, bindings, squaredNorm);
  }

  /** The global norm of the scaled gradient, before any clipping. */
  async gradientNorm(gradientScale: number): Promise<number> {
    let total = 0;
    for (const norm of this.norms) {
      await norm.run();
      total += this.squaredNorm[0]!;
    }
    return Math.sqrt(total) * gradientScale;
  }

  /** Moves the parameters by their gradients, in place. */
  async update({ step, learningRate, weightDecay, gradientScale }: UpdateOptions): Promise<void> {
    let current: ParameterGroup | undefined;
    for (const { group, binding } of this.updates) {
      const ownStep = step - (group.frozenSteps ?? 0);
      if (ownStep < 1) continue;
      if (group !== current) {
        const values = adamwScalars(this.options, {
          step: ownStep,
          gradientScale,
          learningRate: learningRate * group.learningRateScale,
          weightDecay: group.decays ? weightDecay : 0,
        });
        for (const [name, value] of Object.entries(values)) this.scalars[name as keyof Scalars][0] = value;
        current = group;
      }
      await binding.run();
    }
  }
}

function squaredNormProgram(size: number): Program {
  const gradient = input("gradient", [size]).reshape([1, size]);
  const squaredNorm = gradient.matmul(gradient.transpose([1, 0])).reshape([1]);
  return defineProgram("squared-norm", { squaredNorm });
}
