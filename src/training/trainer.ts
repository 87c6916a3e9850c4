// A model in training: its compiled programs, its flat buffers, and one optimizer step over a batch.
import { sizeOf } from "../graph/index.js";
import { GRADIENT_PREFIX } from "../methods/pretext-program.js";
import { accumulator } from "../optim/accumulate.js";
import { FlatOptimizer, type FlatState, type ParameterGroup } from "../optim/flat-optimizer.js";
import { type CompileOptions, compile, FlatLayout } from "../runtime/index.js";
import type { PretrainConfig } from "./config.js";
import { initialValues, methodOf, programsOf } from "./model-programs.js";

/** Values in one chunk of the optimizer: its few passes over a chunk then stay in the processor's cache. */
const CHUNK = 1 << 16;

export interface StepResult {
  readonly loss: number;
  /** The global norm of the gradient before clipping. */
  readonly gradientNorm: number;
  /** The method's figures, averaged over micro-batches. */
  readonly metrics: Readonly<Record<string, number | readonly number[]>>;
  /** False where the loss or the gradient is not finite: then nothing was updated. */
  readonly updated: boolean;
}

export interface Trainer {
  readonly layout: FlatLayout<ParameterGroup>;
  readonly state: FlatState;
  /** What training holds: the flat buffers and, at its peak, the step program's intermediate values. */
  readonly memoryBytes: number;
  /**
   * One optimizer step over pixels [batchSize, imageSize, imageSize, 3] with a plan [groups, planColumns].
   * `step` counts from 1.
   */
  step(step: number, pixels: Uint8Array, plan: Int32Array, learningRate: number): Promise<StepResult>;
  /** Computes one micro-batch of blank images and updates nothing: the milliseconds that it took. */
  rehearse(): Promise<number>;
}

/** Compiles the programs of a configuration and starts its weights. */
export async function createTrainer(config: PretrainConfig): Promise<Trainer> {
  const { batchSize, microBatch } = config.schedule;
  const { device, threads } = config.run;
  const options: CompileOptions = { device, threads };
  const method = methodOf(config);
  const { parameters, step: program } = programsOf(config, method, microBatch);
  const executable = await compile(program, options);

  const decayed: ParameterGroup = { weightDecay: config.optimizer.weightDecay };
  const undecayed: ParameterGroup = { weightDecay: 0 };
  const layout = new FlatLayout(
    parameters.map(({ name, tensor, decay }) => ({ name, shape: tensor.shape, group: decay ? decayed : undecayed })),
    CHUNK,
  );
  const state: FlatState = {
    parameters: layout.allocate(),
    gradients: layout.allocate(),
    means: layout.allocate(),
    squares: layout.allocate(),
  };
  const views = layout.views(state.parameters);
  for (const parameter of parameters) views[parameter.name]!.set(initialValues(parameter, config.seed));
  const [beta1, beta2] = config.optimizer.betas;
  const optimizer = await FlatOptimizer.create(
    layout,
    state,
    { beta1, beta2, epsilon: config.optimizer.epsilon },
    options,
  );

  const microBatches = batchSize / microBatch;
  const imageBytes = config.model.imageSize ** 2 * 3;
  const images = new Uint8Array(microBatch * imageBytes);
  const plan = new Int32Array((microBatch / method.groupSize) * method.planColumns);
  const figures = Object.fromEntries(
    [...program.outputs]
      .filter(([name]) => !name.startsWith(GRADIENT_PREFIX))
      .map(([name, { shape }]) => [name, new Float32Array(sizeOf(shape))]),
  );
  const microStepInto = (gradients: Float32Array) =>
    executable.bind(
      { images, [method.planName]: plan, ...views },
      { ...figures, ...layout.views(gradients, GRADIENT_PREFIX) },
    );
  const first = microStepInto(state.gradients);
  const part = microBatches > 1 ? layout.allocate() : undefined;
  const further = part && { run: microStepInto(part), add: await accumulator(layout, state.gradients, part, options) };

  async function runMicroBatches(pixels: Uint8Array, wholePlan: Int32Array) {
    const sums = Object.fromEntries(
      Object.entries(figures).map(([name, { length }]) => [name, new Float64Array(length)]),
    );
    for (let index = 0; index < microBatches; index++) {
      images.set(pixels.subarray(index * images.length, (index + 1) * images.length));
      plan.set(wholePlan.subarray(index * plan.length, (index + 1) * plan.length));
      await (index === 0 ? first : further!.run).run();
      if (index > 0) await further!.add.run();
      for (const [name, values] of Object.entries(figures)) {
        for (const [place, value] of values.entries()) sums[name]![place]! += value / microBatches;
      }
    }
    return sums;
  }

  return {
    layout,
    state,
    memoryBytes: (part ? 5 : 4) * state.parameters.byteLength + executable.plannedBytes,
    async step(step, pixels, wholePlan, learningRate) {
      const { loss, ...metrics } = await runMicroBatches(pixels, wholePlan);
      const gradientScale = 1 / microBatches;
      const gradientNorm = await optimizer.gradientNorm(gradientScale);
      const updated = Number.isFinite(loss![0]) && Number.isFinite(gradientNorm);
      if (updated) {
        const { clipNorm } = config.optimizer;
        const clip = clipNorm === null ? 1 : Math.min(1, clipNorm / gradientNorm);
        await optimizer.update(step, learningRate, gradientScale * clip);
      }
      return { loss: loss![0]!, gradientNorm, metrics: mapValues(metrics, plainFigure), updated };
    },
    async rehearse() {
      const began = performance.now();
      await first.run();
      return performance.now() - began;
    },
  };
}

/** A scalar as a number, a vector as a list. */
function plainFigure(values: Float64Array): number | readonly number[] {
  return values.length === 1 ? values[0]! : [...values];
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, change: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
