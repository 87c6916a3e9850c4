// Homologous attention: each patch attends only to the patches most like it, as many as its image supplies [MixedAE].
import { constant, type Tensor } from "../graph/index.js";

/**
 * softmax(TopK(Q K^T / sqrt(d))): which keys are excluded, for logits [mixed images, heads, queries, keys]. For each query
 * and head these are the keys with logits below the K-th largest. Our choices: CLS is spared, so that as a key it is always
 * kept and not counted, and as a query attends to everything, unless `clsCompetes`, where it is a token like any other; no
 * gradient flows through the threshold; ties may keep more than K.
 */
export function homologousExclusion(logits: Tensor, K: number, clsCompetes: boolean): Tensor {
  const tokens = logits.shape.at(-1)!;
  const spared = clsCompetes ? 0 : 1;
  const isSpared = constant([spared, ...new Array<number>(tokens - 1).fill(0)], [tokens], "bool");
  const found = logits.stopGradient();
  const threshold = found.slice(3, spared).topK(K).values.min([-1], { keepDims: true });
  return found.less(isSpared.reshape([tokens, 1]).select(-Infinity, threshold)).and(isSpared.not());
}

/**
 * Of the patch keys that patch queries keep, the share from the query's own image; chance is r.
 * excluded [mixed images, heads, 1 + L, 1 + L], homologous [mixed images, L, L].
 * Heads are added up first, so that all but one pass is over a small tensor.
 */
export function topkPrecision(excluded: Tensor, homologous: Tensor): Tensor {
  const [mixed, heads, tokens] = excluded.shape as [number, number, number, number];
  const L = tokens - 1;
  const excludedHeads = excluded.cast("float32").sum([1], { keepDims: true }).slice(2, 1).slice(3, 1);
  const pairs = homologous.cast("float32").reshape([mixed, 1, L, L]);
  const keptHomologous = pairs.sum().mul(heads).sub(excludedHeads.mul(pairs).sum());
  return keptHomologous.div(
    excludedHeads
      .sum()
      .neg()
      .add(mixed * heads * L ** 2),
  );
}
