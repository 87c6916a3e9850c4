// The recipes of fine-tuning: MAE's for large sets, and one for small sets.

const shared = {
  seed: 0,
  pooling: "mean",
  data: { workers: 0, memoryBudgetMiB: 1024, maxUnreadableShare: 0.1 },
  run: {
    device: "cpu",
    threads: 0,
    memoryCheck: true,
    gradientFormat: "float32",
    recompute: false,
    checkpointEvery: "5m",
    keep: 1,
    milestoneEvery: 0,
    logEvery: "10s",
    tensorboard: false,
  },
} as const;

/** MAE's end-to-end fine-tuning of ViT-Base on ImageNet [He et al., CVPR 2022, table 9]. */
const mae = {
  ...shared,
  augmentation: {
    scale: [0.08, 1],
    flip: true,
    randAugment: { operations: 2, magnitude: 9, magnitudeDeviation: 0.5 },
    randomErasing: { probability: 0.25 },
  },
  regularization: { labelSmoothing: 0.1, mixup: 0.8, cutmix: 1, dropPath: 0.1 },
  schedule: {
    epochs: 100,
    steps: null,
    batchSize: 1024,
    microBatch: null,
    baseLearningRate: 5e-4,
    learningRate: null,
    minLearningRate: 1e-6,
    warmupEpochs: 5,
    warmupShare: null,
  },
  optimizer: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.05, layerDecay: 0.65, clipNorm: null },
} as const;

/**
 * Ours, for hundreds to some ten thousand images and small models: a fixed number of small steps, whatever the size of
 * the set, and crops that keep most of an image. What MAE's recipe mixes and erases needs many more epochs to pay.
 */
const small = {
  ...mae,
  augmentation: { scale: [0.5, 1], flip: true, randAugment: null, randomErasing: null },
  regularization: { labelSmoothing: 0.1, mixup: 0, cutmix: 0, dropPath: 0 },
  schedule: {
    ...mae.schedule,
    epochs: null,
    steps: 1000,
    batchSize: 64,
    baseLearningRate: null,
    learningRate: 1e-3,
    warmupEpochs: null,
    warmupShare: 0.1,
  },
  optimizer: { ...mae.optimizer, layerDecay: 0.75 },
} as const;

const recipes = { small, mae } as const;

/** Names of the recipes of fine-tuning. */
export type RecipeName = keyof typeof recipes;
/** The names of the recipes of fine-tuning. */
export const recipeNames = Object.keys(recipes) as RecipeName[];

/**
 * The values of a recipe. An encoder that has learnt nothing has no layers worth keeping as they are: from scratch, all
 * learn at the same rate. RandAugment and random erasing are for images of three channels.
 */
export function recipeDefaults(recipe: RecipeName, fromScratch: boolean, channels = 3) {
  const own = recipes[recipe];
  const values =
    channels === 3 ? own : { ...own, augmentation: { ...own.augmentation, randAugment: null, randomErasing: null } };
  return fromScratch ? { ...values, optimizer: { ...values.optimizer, layerDecay: 1 } } : values;
}
