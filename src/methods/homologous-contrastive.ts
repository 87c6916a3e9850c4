// The homologous contrastive loss: patches of one image attract each other within a mixed image [MixedAE].
import { constant, type Tensor } from "../graph/index.js";
import { unitLength } from "./feature-spread.js";

/**
 * Within each mixed image, over its L patch tokens z,
 *
 *   L_con = -(1/L) sum_l (1/|P(l)|) sum_{p in P(l)} log( exp(cos(z_l, z_p)/t) / sum_{q != l} exp(cos(z_l, z_q)/t) ),
 *
 * P(l) = the other patches from the image of patch l; averaged over mixed images. The formula is our reading of the
 * paper; the temperature t and the loss's weight are our choice.
 *
 * z [L, mixed images, width]; homologous, boolean [mixed images, L, L], where rL patches of each row are.
 */
export function homologousContrastiveLoss(z: Tensor, homologous: Tensor, rL: number, temperature: number): Tensor {
  const L = z.shape[0]!;
  const unit = unitLength(z).transpose([1, 0, 2]);
  const similarity = unit.matmul(unit.transpose([0, 2, 1]), { scale: 1 / temperature });
  const normalizer = similarity.add(diagonal(L, -Infinity)).logSumExp(2);
  const isPositive = homologous.cast("float32").sub(diagonal(L, 1));
  const attraction = similarity
    .mul(isPositive)
    .sum([2])
    .mul(1 / (rL - 1));
  return normalizer.sub(attraction).mean();
}

/** The loss where all features point the same way: log(L - 1). */
export function idleLoss(L: number): number {
  return Math.log(L - 1);
}

/**
 * The loss where the patches of each of g images have one direction, and the images' directions are as far apart as can
 * be, at the corners of a simplex with cosines -1/(g - 1).
 */
export function separatedLoss(L: number, g: number, temperature: number): number {
  const rL = L / g;
  const distance = 1 + 1 / (g - 1);
  return Math.log(rL - 1 + (L - rL) * Math.exp(-distance / temperature));
}

/** A matrix [n, n] with `value` on its diagonal and 0 elsewhere. */
function diagonal(n: number, value: number): Tensor {
  const values = new Float32Array(n * n);
  for (let i = 0; i < n; i++) values[i * n + i] = value;
  return constant(values, [n, n]);
}
