// iBOT's loss beside DINO's: cross-entropy between what teacher and student say of hidden patches.
import type { Tensor } from "../../graph/index.js";

/**
 * The cross-entropy of the hidden patches, averaged within each crop, then over all crops; a crop that hides nothing
 * counts as 0 [iBOT, equation 2, and its official code].
 *
 * targets and logits: [patches, crops, prototypes]; hidden: float32 [patches, crops], 1 where a patch is hidden.
 */
export function patchLoss(targets: Tensor, logits: Tensor, hidden: Tensor): Tensor {
  const crossEntropy = logits.logSumExp(2).sub(targets.mul(logits).sum([2]));
  const weights = hidden.div(hidden.sum([0], { keepDims: true }).maximum(1));
  return crossEntropy.mul(weights).sum().div(hidden.shape[1]!);
}
