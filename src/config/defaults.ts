// The value of every key that nobody set, for a preset and a method, with the source of each.

import { type MethodName, methodOf } from "../methods/registry.js";
import { type ModelPreset, modelPresets } from "../nn/presets.js";
import { noEvaluation } from "./schema.js";

/** A small run that ends within minutes: many small steps, since homologous recognition takes hundreds to start. */
const microSchedule = {
  epochs: null,
  steps: 2000,
  batchSize: 128,
  baseLearningRate: null,
  learningRate: 1e-3,
} as const;

/** MAE's recipe, with a batch that fits small sets and small machines. */
const smallSchedule = {
  epochs: 800,
  steps: null,
  batchSize: 256,
  baseLearningRate: 1.5e-4,
  learningRate: null,
} as const;

/** MAE's recipe (He et al., CVPR 2022, appendix A). */
const maeSchedule = { ...smallSchedule, batchSize: 4096 } as const;

const schedules = {
  nano: microSchedule,
  micro: microSchedule,
  tiny: smallSchedule,
  small: smallSchedule,
  base: maeSchedule,
  large: maeSchedule,
  huge: maeSchedule,
} as const;

/** Those of ImageNet's images, which most published models were trained with. */
export const imageNet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

/** Clean images whose activations a machine with 8 GiB can hold at once, by what was measured for base. */
const microBatchTargets: Readonly<Record<ModelPreset, number>> = {
  nano: 256,
  micro: 256,
  tiny: 64,
  small: 32,
  base: 16,
  large: 8,
  huge: 4,
};

/** Clean images of a method that are computed at once where nobody says otherwise. */
export function microBatchTarget(preset: ModelPreset, method: MethodName): number {
  return Math.max(1, microBatchTargets[preset] / methodOf({ method }).imageCost);
}

/** Everything but `source`, which has no default; what is to be derived is null. */
export function configDefaults(preset: ModelPreset, method: MethodName, channels = 3) {
  const own = methodOf({ method }).defaults(preset, { ...schedules[preset], channels });
  return {
    method,
    seed: 0,
    weights: null,
    model: { preset, ...modelPresets[preset] },
    methodOptions: own.methodOptions,
    data: {
      scale: [0.2, 1],
      flip: true,
      colorJitter: null,
      background: [255, 255, 255],
      ...(channels === 3 ? imageNet : { mean: null, std: null }),
      workers: 0,
      memoryBudgetMiB: 1024,
      maxUnreadableShare: 0.1,
      split: "train",
      ...own.data,
    },
    schedule: {
      ...schedules[preset],
      microBatch: null,
      minLearningRate: 0,
      warmupEpochs: null,
      // 5% are the 40 of 800 epochs of MAE's recipe, and still fit a run of any other length.
      warmupShare: 0.05,
      ...own.schedule,
    },
    optimizer: { betas: [0.9, 0.95], epsilon: 1e-8, weightDecay: 0.05, clipNorm: null, ...own.optimizer },
    run: {
      device: "cpu",
      threads: 0,
      memoryCheck: true,
      gradientFormat: "float32",
      recompute: false,
      checkpointEvery: "5m",
      keep: 2,
      milestoneEvery: 0,
      picturesEvery: 500,
      logEvery: "10s",
      tensorboard: false,
      ...own.run,
    },
    evaluation: noEvaluation,
  } as const;
}
