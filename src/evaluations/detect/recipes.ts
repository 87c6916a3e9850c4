// The recipes of detection: ViTDet's Mask R-CNN of the literature, and one for small encoders and sets.

import { sharedDefaults } from "../dense-config.js";

/**
 * ViTDet's on COCO as detectron2 has it: squares of 1,024 pixels, attention within windows but for four blocks, 184,375 steps of 64
 * images, and a learning rate that falls to a tenth twice.
 */
const vitdet = {
  ...sharedDefaults,
  // To a tenth, twice, near the end.
  rateDecay: "steps",
  head: {
    pyramid: "simple",
    finest: 4,
    channels: 256,
    anchorScale: 8,
    proposalConvolutions: 2,
    boxConvolutions: 4,
    boxWidth: 1024,
    masks: true,
    maskConvolutions: 4,
  },
  sampling: { anchors: 256, regions: 512, perLevel: 2000, proposals: 1000, boxBeta: 0 },
  testing: { perLevel: 1000, proposals: 1000, detections: 100, leastScore: 0.05 },
  encoder: { windows: { side: 14, globalBlocks: [2, 5, 8, 11] }, relativePositions: true },
  augmentation: { imageSize: 1024, scale: [0.1, 2], flip: true, colorJitter: null },
  regularization: { dropPath: 0.1 },
  schedule: {
    epochs: null,
    steps: 184_375,
    batchSize: 64,
    microBatch: null,
    baseLearningRate: null,
    learningRate: 1e-4,
    minLearningRate: 0,
    warmupEpochs: null,
    warmupShare: 250 / 184_375,
  },
  optimizer: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.1, layerDecay: 0.7, clipNorm: null },
} as const;

/**
 * Ours, for small encoders and hundreds to some ten thousand images: squares of the size that the encoder was pre-trained with,
 * small anchors, light heads, and few regions.
 */
const small = {
  ...vitdet,
  rateDecay: "linear",
  head: {
    ...vitdet.head,
    finest: 2,
    channels: null,
    anchorScale: 4,
    proposalConvolutions: 1,
    boxConvolutions: 1,
    boxWidth: null,
    maskConvolutions: 2,
  },
  sampling: { anchors: 128, regions: 64, perLevel: 200, proposals: 100, boxBeta: 0 },
  testing: { perLevel: 200, proposals: 100, detections: 100, leastScore: 0.05 },
  encoder: { windows: null, relativePositions: false },
  augmentation: { imageSize: null, scale: [0.75, 1.5], flip: true, colorJitter: null },
  regularization: { dropPath: 0 },
  schedule: { ...vitdet.schedule, steps: 1000, batchSize: 16, learningRate: 1e-3, warmupShare: 0.1 },
  optimizer: { ...vitdet.optimizer, weightDecay: 0.05, layerDecay: 0.75, clipNorm: 10 },
} as const;

const recipes = { small, vitdet } as const;

/** Names of the recipes of detection. */
export type DetectRecipeName = keyof typeof recipes;
/** The names of the recipes of detection. */
export const detectRecipeNames = Object.keys(recipes) as DetectRecipeName[];

/** The values of a recipe. From scratch, all layers learn at the same rate. */
export function detectDefaults(recipe: DetectRecipeName, fromScratch: boolean) {
  const own = recipes[recipe];
  return fromScratch ? { ...own, optimizer: { ...own.optimizer, layerDecay: 1 } } : own;
}

/** The channels of the heads for an encoder of this width, where nobody sets them: the literature's from ViT-Base on. */
export function detectorWidths(width: number): { channels: number; boxWidth: number } {
  const channels = width >= 768 ? 256 : Math.min(256, Math.max(16, 8 * Math.round((2 * width) / 24)));
  return { channels, boxWidth: 4 * channels };
}
