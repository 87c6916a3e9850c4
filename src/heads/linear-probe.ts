// The linear probe: one linear map on normalised frozen features, trained with LARS as MAE's protocol has it.

import { type Engine, EngineError, openEngine } from "../engine/index.js";
import { constant, defineProgram, input, type Tensor } from "../graph/index.js";
import { normal, zeros } from "../nn/initializers.js";
import { linear } from "../nn/layers.js";
import { ParameterScope } from "../nn/parameters.js";
import { gradientName, gradientProgram } from "../optim/gradient-program.js";
import { LarsOptimizer, type LarsOptions, type LarsState } from "../optim/lars.js";
import { learningRateAt } from "../optim/schedule.js";
import { randomStream } from "../random/index.js";
import { crossEntropy } from "./cross-entropy.js";

/** Features of some images with their labels. */
export interface LabelledFeatures {
  /** [images, width]. */
  readonly features: Float32Array;
  readonly labels: Int32Array;
}

/** How a linear probe is trained. */
export interface ProbeOptions extends LarsOptions {
  readonly epochs: number;
  readonly warmupEpochs: number;
  readonly batchSize: number;
  /** For a batch of 256; scaled by the batch size. */
  readonly baseLearningRate: number;
}

/** Those of MAE's linear probing [He et al., CVPR 2022, table 10]; there, the batch is 16384. */
export const probeDefaults = {
  epochs: 90,
  warmupEpochs: 10,
  baseLearningRate: 0.1,
  momentum: 0.9,
  weightDecay: 0,
  trustCoefficient: 0.001,
} as const;

/** What a linear probe is trained on, with which options and draws. */
export interface ProbeTask {
  readonly width: number;
  readonly classes: number;
  /** How many images an epoch gives. */
  readonly images: number;
  readonly seed: number;
  readonly options: ProbeOptions;
  readonly engine?: Engine;
  /** The features of an epoch (from 0) in the order in which they are learnt from. */
  readonly epoch: (epoch: number) => AsyncIterable<LabelledFeatures> | Iterable<LabelledFeatures>;
  /** Called after each epoch with its mean loss. */
  readonly onEpoch?: (epoch: number, loss: number) => void;
}

/** A linear layer on vectors, as it was trained. */
export interface LinearProbe {
  /** Scores [images, classes] of features [images, width]. */
  predict(features: Float32Array): Promise<Float32Array>;
  /** [classes, width] and [classes], for features that are normalised by `mean` and `variance` [width]. */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

/** Of the batch normalisation before the linear map, which has no weights of its own [MAE]. */
const EPSILON = 1e-6;
/** PyTorch's; the first batches are averaged instead, so that a short training does not end with its start values. */
const STATISTICS_MOMENTUM = 0.1;

/** Trains a probe. A last, smaller batch of an epoch is left out, as in MAE's code. */
export async function trainLinearProbe(task: ProbeTask): Promise<LinearProbe> {
  const { width, classes, images, seed, options, engine = openEngine(), onEpoch = () => {} } = task;
  const batch = Math.min(options.batchSize, images);
  const scope = new ParameterScope();
  const classify = linear(scope.in("head"), width, classes);
  const places = scope.parameters.map(({ name, tensor }) => ({
    name,
    shape: tensor.shape,
    group: { adapted: tensor.rank > 1 },
  }));
  const state: LarsState = {
    parameters: await engine.allocate(places),
    gradients: await engine.allocate(places),
    momenta: await engine.allocate(places),
  };
  const values = state.parameters.byName;
  for (const { name, tensor } of scope.parameters) {
    // MAE's: deviation 0.01 for the weight.
    const initialize = tensor.rank > 1 ? normal(0.01) : zeros;
    await values[name]!.write(initialize(tensor.shape, randomStream(seed, `initialize ${name}`, 0, 0)));
  }

  const features = input("features", [batch, width]);
  const { mean, variance, normalized } = batchNorm(features);
  const loss = crossEntropy(classify(normalized), input("labels", [batch], "int32").oneHot(classes));
  const program = await engine.compile(
    gradientProgram("linear-probe", loss, { batchMean: mean, batchVariance: variance }, scope.parameters),
  );
  const data = { features: new Float32Array(batch * width), labels: new Int32Array(batch) };
  const outputs = {
    loss: new Float32Array(1),
    batchMean: new Float32Array(width),
    batchVariance: new Float32Array(width),
  };
  const gradients = Object.entries(state.gradients.byName).map(([name, array]) => [gradientName(name), array]);
  const binding = program.bind({ ...data, ...values }, { ...outputs, ...Object.fromEntries(gradients) });
  const optimizer = await LarsOptimizer.create(engine, state, options);

  const statistics = { mean: new Float32Array(width), variance: new Float32Array(width) };
  const stepsPerEpoch = Math.floor(images / batch);
  const schedule = {
    peak: (options.baseLearningRate * batch) / 256,
    floor: 0,
    warmupSteps: Math.round(options.warmupEpochs * stepsPerEpoch),
    totalSteps: options.epochs * stepsPerEpoch,
  };
  let step = 0;
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    let total = 0;
    for await (const filled of inBatches(task.epoch(epoch), data)) {
      if (!filled) break;
      await binding.run();
      step += 1;
      await optimizer.update(learningRateAt(step, schedule));
      const share = Math.max(STATISTICS_MOMENTUM, 1 / step);
      follow(statistics.mean, outputs.batchMean, share);
      // As PyTorch keeps it, the variance is the unbiased one.
      follow(statistics.variance, outputs.batchVariance, share, batch / Math.max(1, batch - 1));
      total += outputs.loss[0]!;
    }
    if (step === 0) {
      throw new EngineError(
        `A probe learns from batches of ${batch} images; the first epoch gave fewer. Lower the batch`,
      );
    }
    onEpoch(epoch, total / Math.max(1, stepsPerEpoch));
  }
  const [weight, bias] = (await Promise.all(
    scope.parameters.map(async ({ name }) => (await values[name]!.read()).slice()),
  )) as [Float32Array, Float32Array];
  for (const arrays of Object.values(state)) arrays.dispose();
  const probe = { weight, bias, ...statistics };
  return { ...probe, predict: await predictor(probe, width, classes, engine) };
}

/** Normalises each column of [batch, width] by the batch's own moments; no gradient is wanted of it. */
function batchNorm(features: Tensor): { mean: Tensor; variance: Tensor; normalized: Tensor } {
  const mean = features.mean([0]);
  const centred = features.sub(mean);
  const variance = centred.mul(centred).mean([0]);
  return { mean, variance, normalized: centred.div(variance.add(EPSILON).sqrt()) };
}

/** Moves running moments towards those of a batch. */
function follow(running: Float32Array, batch: Float32Array, share: number, scale = 1): void {
  for (let i = 0; i < running.length; i++) running[i]! += share * (batch[i]! * scale - running[i]!);
}

/** Fills the arrays of a batch from pieces of any size: true for each full batch, false for a rest at the end. */
async function* inBatches(
  pieces: AsyncIterable<LabelledFeatures> | Iterable<LabelledFeatures>,
  data: LabelledFeatures,
): AsyncGenerator<boolean> {
  const batch = data.labels.length;
  const width = data.features.length / batch;
  let filled = 0;
  for await (const { features, labels } of pieces) {
    for (let taken = 0; taken < labels.length; ) {
      const count = Math.min(batch - filled, labels.length - taken);
      data.features.set(features.subarray(taken * width, (taken + count) * width), filled * width);
      data.labels.set(labels.subarray(taken, taken + count), filled);
      taken += count;
      filled = (filled + count) % batch;
      if (filled === 0) yield true;
    }
  }
  if (filled > 0) yield false;
}

const PREDICTED_AT_ONCE = 256;

/** The map at its end: running moments in place of a batch's. */
async function predictor(probe: Omit<LinearProbe, "predict">, width: number, classes: number, engine: Engine) {
  const features = input("features", [PREDICTED_AT_ONCE, width]);
  const deviation = probe.variance.map((value) => Math.sqrt(value + EPSILON));
  const normalized = features.sub(constant(probe.mean, [width])).div(constant(deviation, [width]));
  const scores = normalized.linear(constant(probe.weight, [classes, width]), constant(probe.bias, [classes]));
  const executable = await engine.compile(defineProgram("linear-probe-scores", { scores }));
  const data = new Float32Array(PREDICTED_AT_ONCE * width);
  const result = new Float32Array(PREDICTED_AT_ONCE * classes);
  const binding = executable.bind({ features: data }, { scores: result });
  return async (given: Float32Array): Promise<Float32Array> => {
    const count = given.length / width;
    const all = new Float32Array(count * classes);
    for (let first = 0; first < count; first += PREDICTED_AT_ONCE) {
      data.set(given.subarray(first * width, (first + PREDICTED_AT_ONCE) * width));
      await binding.run();
      all.set(result.subarray(0, Math.min(PREDICTED_AT_ONCE, count - first) * classes), first * classes);
    }
    return all;
  };
}

/** Features that stay as they are, in an order drawn anew for each epoch. */
export function shuffled({ features, labels }: LabelledFeatures, width: number, seed: number) {
  return (epoch: number): LabelledFeatures[] => {
    const order = randomStream(seed, "probe order", epoch, 0).permutation(labels.length);
    const mixed = new Float32Array(features.length);
    for (const [place, from] of order.entries()) {
      mixed.set(features.subarray(from * width, (from + 1) * width), place * width);
    }
    return [{ features: mixed, labels: Int32Array.from(order, (from) => labels[from]!) }];
  };
}
