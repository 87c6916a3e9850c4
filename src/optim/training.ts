// Training a model of any kind: flat buffers, a compiled gradient program, and AdamW.

import {
  type Arrays,
  allocate,
  type Binding,
  type CompileOptions,
  compile,
  FlatLayout,
  planBytes,
} from "../engine/index.js";
import { ProgramError, sizeOf, type Tensor, type TensorType } from "../graph/index.js";
import { accumulator } from "./accumulate.js";
import type { AdamwOptions } from "./adamw.js";
import { type ExponentialAverage, exponentialAverage } from "./exponential-average.js";
import { FlatOptimizer, type FlatState, type ParameterGroup } from "./flat-optimizer.js";
import { gradientName, gradientProgram, isGradientName, type Trainable } from "./gradient-program.js";
import { type Initialized, initialValues } from "./initial-values.js";
import { parameterClipping } from "./parameter-clipping.js";

/** Values in one chunk of the optimizer: its few passes over a chunk then stay in the processor's cache. */
const CHUNK = 1 << 16;

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
  /** The largest norm that the gradient of any one parameter may keep; any by default. */
  readonly parameterClipNorm?: number;
  /** Inputs that are no part of a batch, by name: the caller's arrays, read where they lie at every micro-batch. */
  readonly heldInputs?: Arrays;
  /**
   * Keeps a second set of weights, an exponential average of the parameters, which the program may read as inputs with
   * this before the parameters' names. None by default.
   */
  readonly averagePrefix?: string;
  readonly engine?: CompileOptions;
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
export interface AverageWeights extends ExponentialAverage {
  /** Stands before the parameters' names, in the program and in checkpoints. */
  readonly prefix: string;
  /** Of the training's layout. */
  readonly buffer: Float32Array;
  /** By the parameters' names, as views on the buffer. */
  readonly values: Readonly<Record<string, Float32Array>>;
}

/** A compiled training: the weights, the optimizer's state, and the step. */
export interface Training {
  readonly layout: FlatLayout<ParameterGroup>;
  readonly state: FlatState;
  /** Each parameter's values, as views on the flat buffer: write to them to start or restore a model. */
  readonly values: Readonly<Record<string, Float32Array>>;
  /** Where the definition asks for it. A step leaves it as it is. */
  readonly average: AverageWeights | undefined;
  /** The program's data inputs, as a whole batch has them: the micro-batches one behind the other. */
  readonly inputs: ReadonlyMap<string, TensorType>;
  /** The flat buffers and, at its peak, the program's intermediate values. */
  readonly memoryBytes: number;
  /** One optimizer step. */
  step(inputs: Arrays, options: StepOptions): Promise<StepResult>;
  /** Computes one micro-batch of zeros and updates nothing: the milliseconds that it took. */
  rehearse(): Promise<number>;
}

/**
 * Compiles a model for training. Without a seed, parameters start at zero: write their first values to `values`. Throws
 * EngineError, and ProgramError where a seed is given and a parameter has no initialiser.
 */
export async function createTraining(definition: TrainingDefinition): Promise<Training> {
  const { name, loss, metrics = {}, parameters, optimizer: options, microBatches = 1, engine = {} } = definition;
  const { parameterClipNorm, averagePrefix } = definition;
  const program = gradientProgram(name, loss, metrics, parameters);
  const executable = await compile(program, engine);

  const layout = new FlatLayout(grouped(parameters), CHUNK);
  const state: FlatState = {
    parameters: layout.allocate(),
    gradients: layout.allocate(),
    means: layout.allocate(),
    squares: layout.allocate(),
  };
  const values = layout.views(state.parameters);
  if (definition.seed !== undefined) {
    for (const parameter of parameters) values[parameter.name]!.set(firstValues(name, parameter, definition.seed));
  }
  const optimizer = await FlatOptimizer.create(layout, state, options, engine);
  const average =
    averagePrefix === undefined ? undefined : await averageWeights(averagePrefix, layout, state.parameters, engine);
  const averageInputs = Object.entries(average?.values ?? {})
    .map(([parameter, array]) => [`${averagePrefix}${parameter}`, array] as const)
    .filter(([input]) => program.inputs.has(input));
  const heldInputs: Arrays = { ...definition.heldInputs, ...Object.fromEntries(averageInputs) };
  const clipping =
    parameterClipNorm === undefined
      ? undefined
      : await parameterClipping(layout, state.gradients, parameterClipNorm, engine);

  const dataInputs = [...program.inputs].filter(([input]) => !(input in values || input in heldInputs));
  const data = Object.fromEntries(
    dataInputs.map(([input, { dtype, shape }]) => [input, allocate(dtype, sizeOf(shape))]),
  );
  const figures = Object.fromEntries(
    [...program.outputs]
      .filter(([output]) => !isGradientName(output))
      .map(([output, { shape }]) => [output, new Float32Array(sizeOf(shape))]),
  );
  const gradientsInto = (buffer: Float32Array) => {
    const views = Object.entries(layout.views(buffer)).map(([parameter, view]) => [gradientName(parameter), view]);
    return executable.bind({ ...data, ...heldInputs, ...values }, { ...figures, ...Object.fromEntries(views) });
  };
  const first = gradientsInto(state.gradients);
  const part = microBatches > 1 ? layout.allocate() : undefined;
  const further: Binding[] = part
    ? [gradientsInto(part), await accumulator(layout, state.gradients, part, engine)]
    : [];

  async function runMicroBatches(inputs: Arrays): Promise<Record<string, Float64Array>> {
    checkInputs(name, data, inputs, microBatches);
    const means = Object.fromEntries(
      Object.entries(figures).map(([figure, { length }]) => [figure, new Float64Array(length)]),
    );
    for (let index = 0; index < microBatches; index++) {
      for (const [input, array] of Object.entries(data)) {
        const slice = inputs[input]!.subarray(index * array.length, (index + 1) * array.length);
        array.set(slice as never);
      }
      for (const binding of index === 0 ? [first] : further) await binding.run();
      for (const [figure, array] of Object.entries(figures)) {
        for (const [place, value] of array.entries()) means[figure]![place]! += value / microBatches;
      }
    }
    return means;
  }

  return {
    layout,
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
    memoryBytes: flatBytes(layout, definition) + executable.plannedBytes,
    async step(inputs, { step, learningRate, clipNorm = null, weightDecay = options.weightDecay }) {
      const { loss: mean, ...others } = await runMicroBatches(inputs);
      const gradientScale = 1 / microBatches;
      const gradientNorm = await optimizer.gradientNorm(gradientScale);
      const updated = Number.isFinite(mean![0]) && Number.isFinite(gradientNorm);
      if (updated) {
        await clipping?.clip(gradientScale);
        const clip = clipNorm === null ? 1 : Math.min(1, clipNorm / gradientNorm);
        await optimizer.update({ step, learningRate, weightDecay, gradientScale: gradientScale * clip });
      }
      const isScalar = (figure: string) => program.outputs.get(figure)!.shape.length === 0;
      const plain = Object.entries(others).map(([figure, array]) => [
        figure,
        isScalar(figure) ? array[0]! : [...array],
      ]);
      return { loss: mean![0]!, gradientNorm, metrics: Object.fromEntries(plain), updated };
    },
    async rehearse() {
      const began = performance.now();
      await first.run();
      return performance.now() - began;
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
  /** Parameters, gradients, the optimizer's moments, and what else is held in flat buffers. */
  readonly flatBytes: number;
  /** The peak of the program's intermediate values for one micro-batch. */
  readonly programBytes: number;
}

/** What a training's memory follows from. */
export type PlannedTraining = Pick<
  TrainingDefinition,
  "name" | "loss" | "metrics" | "parameters" | "microBatches" | "averagePrefix" | "engine"
>;

/** The two parts of `memoryBytes` of the training that would be created. */
export function planTraining(definition: PlannedTraining): TrainingMemory {
  const { name, loss, metrics = {}, parameters, engine = {} } = definition;
  return {
    flatBytes: flatBytes(new FlatLayout(grouped(parameters), CHUNK), definition),
    programBytes: planBytes(gradientProgram(name, loss, metrics, parameters), engine.device),
  };
}

type FlatBuffers = Pick<TrainingDefinition, "microBatches" | "averagePrefix">;

/** Of each value of the layout: parameter, gradient, two moments, and where asked for a sum of gradients and an average. */
function flatBytes({ length }: { readonly length: number }, { microBatches = 1, averagePrefix }: FlatBuffers): number {
  const buffers = 4 + (microBatches > 1 ? 1 : 0) + (averagePrefix === undefined ? 0 : 1);
  return buffers * length * Float32Array.BYTES_PER_ELEMENT;
}

async function averageWeights<Key>(
  prefix: string,
  layout: FlatLayout<Key>,
  parameters: Float32Array,
  engine: CompileOptions,
): Promise<AverageWeights> {
  const buffer = layout.allocate();
  const { update } = await exponentialAverage(layout, buffer, parameters, engine);
  return { prefix, buffer, values: layout.views(buffer), update };
}

/** Each parameter with its group: one object for all that are treated alike. */
function grouped(parameters: readonly Trainable[]) {
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
