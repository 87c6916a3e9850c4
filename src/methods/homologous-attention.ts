// Homologous attention: each patch attends only to the patches most like it, as many as its image supplies [MixedAE].
import { constant, type Tensor } from "../graph/index.js";
import type { KeyExclusion } from "../nn/attention.js";

export interface HomologousAttention {
  /**
   * softmax(TopK(Q K^T / sqrt(d))): for each query and head, keys with logits below the K-th largest are excluded.
   * Our choices: CLS as a key is always kept and not counted, and CLS as a query attends to everything, unless
   * `clsCompetes`, where it is a token like any other; no gradient flows through the threshold; ties may keep more
   * than K.
   */
  readonly exclude: KeyExclusion;
  /** Of the patch keys that each call of `exclude` kept, the share from the query's own image; chance is 1/g. */
  precisions(): readonly Tensor[];
}

/** sources [patches, mixed images] says which image supplies each patch; K = `kept`. */
export function homologousAttention(sources: Tensor, kept: number, clsCompetes: boolean): HomologousAttention {
  const homologous = homologousPairs(sources);
  const precisions: Tensor[] = [];

  return {
    precisions: () => precisions,
    exclude: (logits) => {
      const found = logits.stopGradient();
      const threshold = (candidates: Tensor) => candidates.topK(kept).values.min([-1], { keepDims: true });
      const excluded = clsCompetes ? found.less(threshold(found)) : sparingCls(found, threshold(found.slice(3, 1)));
      precisions.push(precision(excluded, homologous));
      return excluded;
    },
  };
}

/** Whether logits [..., queries, keys] are below the threshold [..., queries, 1]; false for CLS in either place. */
function sparingCls(logits: Tensor, threshold: Tensor): Tensor {
  const tokens = logits.shape.at(-1)!;
  const isCls = constant([1, ...new Array<number>(tokens - 1).fill(0)], [tokens], "bool");
  return logits.less(isCls.reshape([tokens, 1]).select(-Infinity, threshold)).and(isCls.not());
}

/** Whether two patches come from the same image: boolean [mixed images, 1, patches, patches]. */
function homologousPairs(sources: Tensor): Tensor {
  const [patches, mixed] = sources.shape as [number, number];
  const ofImage = sources.transpose([1, 0]);
  return ofImage.reshape([mixed, 1, patches, 1]).equal(ofImage.reshape([mixed, 1, 1, patches]));
}

/**
 * excluded [mixed images, heads, 1 + patches, 1 + patches]; homologous [mixed images, 1, patches, patches].
 * Heads are added up first, so that all but one pass is over a small tensor.
 */
function precision(excluded: Tensor, homologous: Tensor): Tensor {
  const [mixed, heads, tokens] = excluded.shape as [number, number, number, number];
  const excludedHeads = excluded.cast("float32").sum([1], { keepDims: true }).slice(2, 1).slice(3, 1);
  const pairs = homologous.cast("float32");
  const keptHomologous = pairs.sum().mul(heads).sub(excludedHeads.mul(pairs).sum());
  const patchPairs = mixed * heads * (tokens - 1) ** 2;
  return keptHomologous.div(excludedHeads.sum().neg().add(patchPairs));
}
