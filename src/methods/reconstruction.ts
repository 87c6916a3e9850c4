// The reconstruction loss that MAE, naive mixing and MixedAE share.
import { z } from "zod";
import type { Tensor } from "../graph/index.js";

export const normPixelsOption = z
  .boolean()
  .describe("normalise the pixels of each target patch by the patch's own mean and deviation (MAE)");

const EPSILON = 1e-6;

/**
 * What the decoder predicts for each patch [patches, batch, n]: its pixels, or (`normPixels`) its pixels normalised by
 * the patch's own mean and unbiased variance [MAE].
 */
export function reconstructionTarget(patches: Tensor, normPixels: boolean): Tensor {
  if (!normPixels) return patches;
  const size = patches.shape.at(-1)!;
  const centred = patches.sub(patches.mean([-1], { keepDims: true }));
  const variance = centred
    .mul(centred)
    .sum([-1], { keepDims: true })
    .mul(1 / (size - 1));
  return centred.div(variance.add(EPSILON).sqrt());
}

/**
 * The mean squared error over the patches that were hidden, averaged over the whole batch.
 * prediction and target [patches, batch, n], hidden boolean [patches, batch] with `hiddenCount` entries that hold.
 */
export function reconstructionLoss(prediction: Tensor, target: Tensor, hidden: Tensor, hiddenCount: number): Tensor {
  const error = prediction.sub(target);
  const patchError = error.mul(error).sum([-1]);
  const scale = 1 / (hiddenCount * prediction.shape.at(-1)!);
  return patchError.mul(hidden.cast(prediction.dtype)).sum().mul(scale);
}
