// How large a model is, from its configuration alone: nothing of it is made.

import { methodOf } from "../methods/registry.js";
import { blockParameters } from "../nn/block.js";
import { patchCount, patchValues } from "../nn/presets.js";
import type { PretrainConfig } from "./schema.js";

/** Trained values: those of the blocks, the embeddings and the head. Left out is what makes no difference to a plan. */
export function countParameters(config: PretrainConfig): number {
  const { width, depth, mlpRatio } = config.model;
  return (
    depth * blockParameters(width, mlpRatio) +
    width * patchValues(config.model) +
    methodOf(config).size(config).parametersBeside
  );
}

/**
 * The least that one micro-batch takes, in bytes: the largest attention, what every token thinks of every other one,
 * and what the program holds for all pairs of patches.
 */
export function leastProgramBytes(config: PretrainConfig): number {
  const pairs = (1 + patchCount(config.model)) ** 2;
  const { attentionMaps, pairMatrices } = methodOf(config).size(config);
  return 4 * pairs * (config.schedule.microBatch * attentionMaps + pairMatrices);
}
