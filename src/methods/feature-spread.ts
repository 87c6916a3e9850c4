// How far the features of an image's patches point in different directions.
import type { Tensor } from "../graph/index.js";
import { patchesOf } from "./tokens.js";

/** Tokens [..., width] scaled to length 1. */
export function unitLength(tokens: Tensor): Tensor {
  const squaredLength = tokens.mul(tokens).sum([-1], { keepDims: true });
  return tokens.div(squaredLength.add(1e-12).sqrt());
}

/**
 * 1 - |mean of the unit-length patch tokens|^2, averaged over sequences: 0 where all patches of a sequence have the
 * same direction, near 1 where they spread evenly. encoded [1 + patches, sequences, width], the CLS token first.
 */
export function featureSpread(encoded: Tensor): Tensor {
  const centre = unitLength(patchesOf(encoded)).mean([0]);
  return centre.mul(centre).sum([-1]).mean().neg().add(1);
}
