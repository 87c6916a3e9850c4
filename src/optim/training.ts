// Training a model of any kind: its arrays, a compiled gradient program, and AdamW.

import {
  type Arrays,
  alone,
  type Binding,
  type Combiner,
  type DeviceArray,
  type DeviceArrays,
  type Engine,
  openEngine,
  type TensorPlace,
} from "../engine/index.js";
import { allocate, ProgramError, sizeOf, type Tensor, type TensorType, type TypedArray } from "../graph/index.js";
import { accumulator } from "./accumulate.js";
import type { AdamwOptions } from "./adamw.js";
import { AdamwOptimizer, type OptimizerState, type ParameterGroup } from "./adamw-optimizer.js";
import { exponentialAverage } from "./exponential-average.js";
import { gradientName, gradientProgram, isGradientName, metricCount, type Trainable } from "./gradient-program.js";
import { type Initialized, initialValues } from "./initial-values.js";
import { parameterClipping } from "./parameter-clipping.js";

/** What is trained, and how. */
export interface TrainingDefinition {
  /** For messages. */
  readonly name: string;
  /** The scalar to minimise, for one micro-batch. */
  readonly loss: Tensor;
  /** Scalars or vectors to report beside the loss. */
  readonly metrics?: Readonly<Record<string, Tensor>>;
  readonly parameters: readonly (Trainable & Partial<Pick<Initialized, "initialize">>)[];
  /** Where it is given, parameters start from the values of their initialisers, drawn from it; else from zero. */
  readonly seed?: number;
  readonly optimizer: AdamwOptions & { readonly weightDecay: number };
  /** In how many equal parts a batch is computed; the update is that of the whole batch. 1 by default. */
  readonly microBatches?: number;
  /** Whether the values within transformer blocks are computed twice in place of being kept; false by default. */
  readonly recompute?: boolean;
  /** The largest norm that the gradient of any one parameter may keep; any by default. */
  readonly parameterClipNorm?: number;
  /** Inputs that are no part of a batch, by name: the caller's arrays, read where they lie at every micro-batch. */
  readonly heldInputs?: Arrays;
  /**
   * Keeps a second set of weights, an exponential average of the parameters, which the program may read as inputs with
   * this before the parameters' names. None by default.
   */
  readonly averagePrefix?: string;
  /** Where it runs; the CPU by default. */
  readonly engine?: Engine;
  /** The processes that compute a batch together; this one alone by default. */
  readonly combiner?: Combiner;
}

/** What may differ from step to step. */
export interface StepOptions {
  /** The number of this step, from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** The largest global norm that the gradient may keep, as it was before clipping by parameter; null for any. */
  readonly clipNorm?: number | null;
  /** Weight decay of this step in place of the optimizer's own. */
  readonly weightDecay?: number;
}

/** What a step computed. */
export interface StepResult {
  readonly loss: number;
  /** The global norm of the gradient before clipping. */
  readonly gradientNorm: number;
  /** Averaged over micro-batches. */
  readonly metrics: Readonly<Record<string, number | readonly number[]>>;
  /** False where the loss or the gradient is not finite: then nothing was updated. */
  readonly updated: boolean;
}

/** The second set of weights: zeros until they are written. */
export interface AverageWeights {
  /** Stands before the parameters' names, in the program and in checkpoints. */
  readonly prefix: string;
  /** By the parameters' own names. */
  readonly arrays: DeviceArrays<ParameterGroup>;
  /** average = momentum * average + (1 - momentum) * parameters. */
  update(momentum: number): Promise<void>;
}

/** A compiled training: the weights, the optimizer's state, and the step. */
export interface Training {
  readonly engine: Engine;
  readonly state: OptimizerState;
  /** Each parameter's values: write to them to start a model. */
  readonly values: Readonly<Record<string, DeviceArray>>;
  /** Where the definition asks for it. A step leaves it as it is. */
  readonly average: AverageWeights | undefined;
  /** The program's data inputs, as a whole batch has them: the micro-batches one behind the other. */
  readonly inputs: ReadonlyMap<string, TensorType>;
  /** The arrays and, at its peak, the program's intermediate values. */
  readonly memoryBytes: number;
  /** One optimizer step. */
  step(inputs: Arrays, options: StepOptions): Promise<StepResult>;
  /** Computes one micro-batch of zeros and updates nothing: the milliseconds that it took. */
  rehearse(): Promise<number>;
  /** Gives the memory of the arrays back; nothing can be done with the training afterwards. */
  dispose(): void;
}

/**
 * Compiles a model for training. Without a seed, parameters start at zero: write their first values to `values`. Throws
 * EngineError, and ProgramError where a seed is given and a parameter has no initialiser.
 */
export async function createTraining(definition: TrainingDefinition): Promise<Training> {
  const { name, loss, metrics = {}, parameters, optimizer: options, microBatches = 1, averagePrefix } = definition;
  const { engine = openEngine(), combiner = alone, parameterClipNorm, recompute = false } = definition;
  const program = gradientProgram(name, loss, metrics, parameters, { recompute });
  // Who computes twice is short of memory: then it is not kept between a step and the next either.
  const executable = await engine.compile(program, { poolsMemory: !recompute });

  const places = grouped(parameters);
  const state: OptimizerState = {
    parameters: await engine.allocate(places),
    gradients: await engine.allocate(places, combiner === alone ? 0 : metricCount(program)),
    means: await engine.allocate(places),
    squares: await engine.allocate(places),
  };
  const values = state.parameters.byName;
  if (definition.seed !== undefined) {
    for (const parameter of parameters) {
      await values[parameter.name]!.write(firstValues(name, parameter, definition.seed));
    }
  }
  const optimizer = await AdamwOptimizer.create(engine, state, options);
  const average =
    averagePrefix === undefined ? undefined : await averageWeights(engine, averagePrefix, state.parameters);
  const averageInputs = Object.entries(average?.arrays.byName ?? {})
    .map(([parameter, array]) => [`${averagePrefix}${parameter}`, array] as const)
    .filter(([input]) => program.inputs.has(input));
  const heldInputs = { ...definition.heldInputs, ...Object.fromEntries(averageInputs) };
  const clipping =
    parameterClipNorm === undefined ? undefined : await parameterClipping(engine, state.gradients, parameterClipNorm);

  const dataInputs = [...program.inputs].filter(([input]) => !(input in values || input in heldInputs));
  const data: Record<string, TypedArray> = Object.fromEntries(
    dataInputs.map(([input, { dtype, shape }]) => [input, allocate(dtype, sizeOf(shape))]),
  );
  const outputs = Object.fromEntries(
    [...program.outputs]
      .filter(([output]) => !isGradientName(output))
      .map(([output, { shape }]) => [output, new Float32Array(sizeOf(shape))]),
  );
  const gradientsInto = ({ byName }: DeviceArrays<ParameterGroup>) => {
    const gradients = Object.entries(byName).map(([parameter, array]) => [gradientName(parameter), array]);
    return executable.bind({ ...data, ...heldInputs, ...values }, { ...outputs, ...Object.fromEntries(gradients) });
  };
  const first = gradientsInto(state.gradients);
  const part = microBatches > 1 ? await engine.allocate(places) : undefined;
  const further: Binding[] = part ? [gradientsInto(part), await accumulator(engine, state.gradients, part)] : [];

  /** The metrics of the batch, and what its gradients as they are then must be multiplied by. */
  async function runMicroBatches(inputs: Arrays) {
    checkInputs(name, data, inputs, microBatches);
    const means = Object.fromEntries(
      Object.entries(outputs).map(([output, { length }]) => [output, new Float64Array(length)]),
    );
    for (let index = 0; index < microBatches; index++) {
      for (const [input, array] of Object.entries(data)) {
        const slice = inputs[input]!.subarray(index * array.length, (index + 1) * array.length);
        array.set(slice as never);
      }
      for (const binding of index === 0 ? [first] : further) await binding.run();
      for (const [output, array] of Object.entries(outputs)) {
        for (const [place, value] of array.entries()) means[output]![place]! += value / microBatches;
      }
    }
    return {
      means,
      gradientScale: await combiner.combine({ gradients: state.gradients, metrics: means, microBatches }),
    };
  }

  return {
    engine,
    state,
    values,
    average,
    inputs: new Map(
      dataInputs.map(
        ([
          input,
          {
            dtype,
            shape: [rows = 1, ...rest],
          },
        ]) => [input, { dtype, shape: [rows * microBatches, ...rest] }],
      ),
    ),
    memoryBytes: arrayBytes(engine, places, definition) + executable.plannedBytes,
    async step(inputs, { step, learningRate, clipNorm = null, weightDecay = options.weightDecay }) {
      const { means, gradientScale } = await runMicroBatches(inputs);
      const { loss: mean, ...others } = means;
      const gradientNorm = await optimizer.gradientNorm(gradientScale);
      const updated = Number.isFinite(mean![0]) && Number.isFinite(gradientNorm);
      if (updated) {
        await clipping?.clip(gradientScale);
        const clip = clipNorm === null ? 1 : Math.min(1, clipNorm / gradientNorm);
        await optimizer.update({ step, learningRate, weightDecay, gradientScale: gradientScale * clip });
      }
      const isScalar = (output: string) => program.outputs.get(output)!.shape.length === 0;
      const plain = Object.entries(others).map(([output, array]) => [
        output,
        isScalar(output) ? array[0]! : [...array],
      ]);
      return { loss: mean![0]!, gradientNorm, metrics: Object.fromEntries(plain), updated };
    },
    async rehearse() {
      const began = performance.now();
      await first.run();
      return performance.now() - began;
    },
    dispose() {
      for (const arrays of [...Object.values(state), average?.arrays, part]) arrays?.dispose();
    },
  };
}

function firstValues(name: string, parameter: TrainingDefinition["parameters"][number], seed: number): Float32Array {
  const { initialize } = parameter;
  if (initialize !== undefined) return initialValues({ ...parameter, initialize }, seed);
  throw new ProgramError(
    `training ${name}: parameter "${parameter.name}" must have an initialiser for a training with a seed; found none. ` +
      "Make it in a ParameterScope, or leave the seed out and write its values",
  );
}

/** What a training holds, planned without making or compiling anything of it. */
export interface TrainingMemory {
  /** Parameters, gradients, the optimizer's moments, and what else has an array a parameter. */
  readonly arrayBytes: number;
  /** The peak of the program's intermediate values for one micro-batch. */
  readonly programBytes: number;
}

/** What a training's memory follows from. */
export type PlannedTraining = Pick<
  TrainingDefinition,
  "name" | "loss" | "metrics" | "parameters" | "microBatches" | "recompute" | "averagePrefix" | "engine"
>;

/** The two parts of `memoryBytes` of the training that would be created. */
export function planTraining(definition: PlannedTraining): TrainingMemory {
  const { name, loss, metrics = {}, parameters, recompute = false, engine = openEngine() } = definition;
  return {
    arrayBytes: arrayBytes(engine, grouped(parameters), definition),
    programBytes: engine.planBytes(gradientProgram(name, loss, metrics, parameters, { recompute })),
  };
}

type HeldArrays = Pick<TrainingDefinition, "microBatches" | "averagePrefix">;

/** Parameters, gradients, two moments, and where asked for a part of the gradients and an average. */
function arrayBytes(
  engine: Engine,
  places: readonly TensorPlace<ParameterGroup>[],
  { microBatches = 1, averagePrefix }: HeldArrays,
): number {
  return (4 + (microBatches > 1 ? 1 : 0) + (averagePrefix === undefined ? 0 : 1)) * engine.arrayBytes(places);
}

async function averageWeights(
  engine: Engine,
  prefix: string,
  parameters: DeviceArrays<ParameterGroup>,
): Promise<AverageWeights> {
  const arrays = await engine.allocate(parameters.tensors);
  return { prefix, arrays, ...(await exponentialAverage(engine, arrays, parameters)) };
}

/** Each parameter with its group: one object for all that are treated alike. */
function grouped(parameters: readonly Trainable[]): TensorPlace<ParameterGroup>[] {
  const groups = new Map<string, ParameterGroup>();
  return parameters.map(({ name, tensor, decay, learningRateScale = 1, frozenSteps = 0 }) => {
    const key = `${decay} ${learningRateScale} ${frozenSteps}`;
    const group = groups.get(key) ?? { decays: decay, learningRateScale, frozenSteps };
    groups.set(key, group);
    return { name, shape: tensor.shape, group };
  });
}

function checkInputs(name: string, expected: Arrays, given: Arrays, microBatches: number): void {
  for (const [input, array] of Object.entries(expected)) {
    const wanted = `${array.constructor.name} of ${array.length * microBatches} elements`;
    const found = given[input];
    if (found?.constructor !== array.constructor || found.length !== array.length * microBatches) {
      const what = found === undefined ? "nothing" : `${found.constructor.name} of ${found.length}`;
      throw new ProgramError(`training ${name}: input "${input}" must be ${wanted}; found ${what}`);
    }
  }
}
