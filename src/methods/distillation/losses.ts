// What a student is asked for: to say of a crop what its teacher says of another crop of the same image.
import { constant, type Tensor } from "../../graph/index.js";

/** softmax((outputs - centre) / temperature) of outputs [..., prototypes]: centred and sharpened, without gradient. */
export function teacherTargets(outputs: Tensor, centre: Tensor, temperature: Tensor): Tensor {
  return outputs.sub(centre).div(temperature).softmax().stopGradient();
}

/**
 * -sum_k p_q[k] log s_v[k], averaged over the images and all pairs of a teacher's crop q and a student's crop v but
 * those with q = v [DINO, equation 3; iBOT, equation 3].
 *
 * targets: [2, batch, prototypes], a distribution for each global crop; logits: [2 + local crops, batch, prototypes],
 * the student's outputs over its temperature, the global crops first.
 */
export function clsLoss(targets: Tensor, logits: Tensor): Tensor {
  const [views, batch] = logits.shape as [number, number, number];
  const normalizer = logits.logSumExp(2);
  const pairs = [];
  for (const q of [0, 1]) {
    for (let v = 0; v < views; v++) if (v !== q) pairs.push([q, v] as const);
  }
  const agreement = targets.transpose([1, 0, 2]).matmul(logits.transpose([1, 2, 0]));
  const isPair = new Float32Array(2 * views);
  for (const [q, v] of pairs) isPair[q * views + v] = 1;
  // A distribution sums to 1, so each pair has its student's normaliser once.
  const normalizers = normalizer.transpose([1, 0]).reshape([batch, 1, views]);
  return normalizers
    .sub(agreement)
    .mul(constant(isPair, [2, views]))
    .sum()
    .div(pairs.length * batch);
}

/** -sum p log p of distributions [..., prototypes], averaged: log(prototypes) where the teacher says nothing. */
export function meanEntropy(distributions: Tensor): Tensor {
  return distributions.mul(distributions.add(1e-12).log()).sum([-1]).mean().neg();
}
