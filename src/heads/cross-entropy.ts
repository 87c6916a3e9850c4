// Cross-entropy between scores and true classes.
import type { Tensor } from "../graph/index.js";

/**
 * The mean over images of -sum(target log softmax(scores)): scores [images, classes], targets alike, each row of which
 * adds up to 1.
 */
export function crossEntropy(scores: Tensor, targets: Tensor): Tensor {
  const images = scores.shape[0]!;
  return scores
    .logSumExp(1)
    .sum()
    .sub(scores.mul(targets).sum())
    .mul(1 / images);
}
