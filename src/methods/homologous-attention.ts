// Homologous attention: each patch attends only to the patches most like it, as many as its image supplies [MixedAE].
import { concat, constant, type Tensor } from "../graph/index.js";
import type { KeyExclusion } from "../nn/attention.js";

export interface HomologousAttention {
  /**
   * softmax(TopK(Q K^T / sqrt(d))): for each query and head, keys with logits below the K-th largest are excluded.
   * Our choices: CLS as a key is always kept and not counted; CLS as a query attends to everything; no gradient flows
   * through the threshold; ties may keep more than K.
   */
  readonly exclude: KeyExclusion;
  /** Of the patch keys that each call of `exclude` kept, the share from the query's own image; chance is 1/g. */
  precisions(): readonly Tensor[];
}

/** sources [patches, mixed images] says which image supplies each patch; K patches are kept for a query. */
export function homologousAttention(sources: Tensor, kept: number): HomologousAttention {
  const homologous = homologousPairs(sources);
  const precisions: Tensor[] = [];

  return {
    precisions: () => precisions,
    exclude: (logits) => {
      const tokens = logits.shape[3]!;
      const isCls = constant([1, ...new Array<number>(tokens - 1).fill(0)], [tokens], "bool");
      const largest = logits.stopGradient().slice(3, 1).topK(kept).values;
      const threshold = isCls.reshape([tokens, 1]).select(-Infinity, largest.min([-1], { keepDims: true }));
      const excluded = logits.stopGradient().less(threshold).and(isCls.not());
      precisions.push(precision(excluded, homologous));
      return excluded;
    },
  };
}

/** Whether two patches come from the same image: boolean [mixed images, 1, 1 + patches, 1 + patches], false for CLS. */
function homologousPairs(sources: Tensor): Tensor {
  const [patches, mixed] = sources.shape as [number, number];
  const padding = constant(new Array<number>(mixed).fill(-1), [mixed, 1], "int32");
  const withCls = concat([padding, sources.transpose([1, 0])], 1);
  const size = patches + 1;
  const same = withCls.reshape([mixed, 1, size, 1]).equal(withCls.reshape([mixed, 1, 1, size]));
  return same.and(withCls.reshape([mixed, 1, size, 1]).less(0).not());
}

/**
 * excluded [mixed images, heads, queries, keys] never holds for CLS; homologous [mixed images, 1, queries, keys].
 * Heads are added up first, so that all but one pass is over a small tensor.
 */
function precision(excluded: Tensor, homologous: Tensor): Tensor {
  const [mixed, heads, tokens] = excluded.shape as [number, number, number, number];
  const excludedHeads = excluded.cast("float32").sum([1], { keepDims: true });
  const pairs = homologous.cast("float32");
  const keptHomologous = pairs.sum().mul(heads).sub(excludedHeads.mul(pairs).sum());
  const patchPairs = mixed * heads * (tokens - 1) ** 2;
  return keptHomologous.div(excludedHeads.sum().neg().add(patchPairs));
}
