// How large a model is, from its configuration alone: nothing of it is made.

import { patchCount } from "../methods/method.js";
import { blocks } from "../nn/block.js";
import { ParameterScope } from "../nn/parameters.js";
import type { PretrainConfig } from "./schema.js";

/** Trained values: those of the blocks, the embeddings and the head. Left out is what makes no difference to a plan. */
export function countParameters({ method, model, methodOptions }: PretrainConfig): number {
  const { width, depth, mlpRatio, decoderWidth, decoderDepth } = model;
  const patchValues = 3 * model.patchSize ** 2;
  const encoder = depth * blockParameters(width, mlpRatio) + width * patchValues;
  if (method !== "ibot") {
    const decoder = decoderDepth * blockParameters(decoderWidth, mlpRatio);
    return encoder + decoder + decoderWidth * (width + patchValues);
  }
  const { headHidden, headBottleneck, prototypes } = methodOptions;
  return encoder + headHidden * (width + headHidden + headBottleneck) + prototypes * headBottleneck;
}

/** The values of one block; 0 for widths that are no whole numbers, which are refused elsewhere. */
function blockParameters(width: number, mlpRatio: number): number {
  if (!Number.isInteger(width * mlpRatio)) return 0;
  const scope = new ParameterScope();
  blocks(scope, "blocks", 1, { width, heads: 1, mlpRatio });
  return scope.parameters.reduce((sum, { tensor }) => sum + tensor.size, 0);
}

/**
 * The least that one micro-batch takes, in bytes: the largest attention, what every token thinks of every other one,
 * and what the program holds for all pairs of patches. All patches of an image meet in the decoder, or in iBOT's
 * encoder, which sees two global crops.
 */
export function leastProgramBytes({ method, model, schedule, methodOptions }: PretrainConfig): number {
  const pairs = (1 + patchCount(model)) ** 2;
  const [heads, sequences] = method === "ibot" ? [model.heads, 2] : [model.decoderHeads, 1];
  const compares = method === "mixedae" && methodOptions.contrastive;
  return 4 * pairs * (schedule.microBatch * sequences * heads + (compares ? COPIES : 0));
}

/** Two masks of the contrastive loss, each as it is made, as it is told from others, and in the program's file. */
const COPIES = 8;
