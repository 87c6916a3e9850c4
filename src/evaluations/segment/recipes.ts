// The recipes of segmentation: UPerNet's of the literature, and one for small encoders and sets.

import { sharedDefaults } from "../dense-config.js";

/**
 * MAE's on ADE20K as mmsegmentation has it: 160,000 steps of 16 crops of 512 pixels, in which the learning rate falls in a
 * straight line. Colours are changed more simply than there (ours).
 */
const upernet = {
  ...sharedDefaults,
  head: {
    kind: "upernet",
    channels: 768,
    auxiliaryChannels: 256,
    norm: "batch",
    dropout: 0.1,
    auxiliaryWeight: 0.4,
  },
  encoder: { windows: null, relativePositions: true },
  augmentation: {
    cropSize: 512,
    scale: [0.5, 2],
    flip: true,
    maxClassShare: 0.75,
    colorJitter: { brightness: 0.125, contrast: 0.5, saturation: 0.5, hue: 0.05, probability: 0.5 },
  },
  regularization: { dropPath: 0.1 },
  schedule: {
    epochs: null,
    steps: 160_000,
    batchSize: 16,
    microBatch: null,
    baseLearningRate: null,
    learningRate: 1e-4,
    minLearningRate: 0,
    warmupEpochs: null,
    warmupShare: 1500 / 160_000,
  },
  optimizer: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.05, layerDecay: 0.65, clipNorm: null },
} as const;

/**
 * Ours, for small encoders and hundreds to some ten thousand images: channels by the encoder's width, crops of its own size,
 * and normalisation over groups, which needs no large batch.
 */
const small = {
  ...upernet,
  head: { ...upernet.head, channels: null, auxiliaryChannels: null, norm: "group" },
  encoder: { windows: null, relativePositions: false },
  augmentation: { ...upernet.augmentation, cropSize: null, scale: [0.75, 1.5] },
  regularization: { dropPath: 0 },
  schedule: { ...upernet.schedule, steps: 1000, learningRate: 1e-3, warmupShare: 0.1 },
  optimizer: { ...upernet.optimizer, layerDecay: 0.75 },
} as const;

const recipes = { small, upernet } as const;

/** Names of the recipes of segmentation. */
export type SegmentRecipeName = keyof typeof recipes;
/** The names of the recipes of segmentation. */
export const segmentRecipeNames = Object.keys(recipes) as SegmentRecipeName[];

/**
 * The values of a recipe. An encoder that has learnt nothing has no layers worth keeping as they are: from scratch, all
 * learn at the same rate. Colours are changed in images of three channels alone.
 */
export function segmentDefaults(recipe: SegmentRecipeName, fromScratch: boolean, channels = 3) {
  const own = recipes[recipe];
  const values = channels === 3 ? own : { ...own, augmentation: { ...own.augmentation, colorJitter: null } };
  return fromScratch ? { ...values, optimizer: { ...values.optimizer, layerDecay: 1 } } : values;
}

/** The channels of a head for an encoder of this width, where nobody sets them: the literature's from ViT-Base on. */
export function headChannels(width: number): { channels: number; auxiliaryChannels: number } {
  const channels = width >= 768 ? 512 : Math.max(16, 8 * Math.round((2 * width) / 24));
  return { channels, auxiliaryChannels: Math.max(8, channels / 2) };
}
