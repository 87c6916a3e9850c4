// Multi-head self-attention over tokens first: [tokens, batch, width].
import type { Tensor } from "../graph/index.js";
import { xavierUniform, zeros } from "./initializers.js";
import { linear } from "./layers.js";
import type { ParameterScope } from "./parameters.js";

/**
 * Says from the logits [batch, heads, queries, keys] which keys a query must not attend to: a boolean tensor alike;
 * undefined where it may attend to all.
 */
export type KeyExclusion = (logits: Tensor) => Tensor | undefined;

/** What may differ from call to call. */
export interface AttentionOptions {
  /** Restricts which keys each query sees. */
  readonly exclude?: KeyExclusion | undefined;
  /** Added to the logits of every image: [heads, queries, keys]. */
  readonly bias?: Tensor | undefined;
}

/** x [tokens, batch, width] to the same shape. */
export type Attention = (x: Tensor, options?: AttentionOptions) => Tensor;

const HEADS_OUTERMOST = [1, 2, 0, 3];
const TOKENS_OUTERMOST = [2, 0, 1, 3];

/**
 * softmax(Q K^T / sqrt(d)) V for each head, then a linear map.
 *
 * Tokens come first because the engine's batched products then read queries, keys and values in place. For the same
 * reason the three are separate products with thirds of the one `qkv` weight that checkpoints hold.
 */
export function attention(scope: ParameterScope, width: number, heads: number): Attention {
  const qkv = scope.in("qkv");
  const weight = qkv.create("weight", [3 * width, width], xavierUniform);
  const projectionBias = qkv.create("bias", [3 * width], zeros);
  const project = linear(scope.in("proj"), width, width);
  const size = width / heads;

  return (x, { exclude, bias } = {}) => {
    const [tokens, batch] = x.shape as [number, number];
    const projectionBiases = projectionBias.split(3, 0);
    const [q, k, v] = weight
      .split(3, 0)
      .map((third, index) =>
        x.linear(third, projectionBiases[index]).reshape([tokens, batch, heads, size]).transpose(HEADS_OUTERMOST),
      ) as [Tensor, Tensor, Tensor];
    const similarities = q.matmul(k.transpose([0, 1, 3, 2]), { scale: 1 / Math.sqrt(size) });
    const logits = bias === undefined ? similarities : similarities.add(bias);
    const attended = logits.softmax(exclude?.(logits)).matmul(v);
    return project(attended.transpose(TOKENS_OUTERMOST).reshape([tokens, batch, width]));
  };
}
