// Watching what each block of an encoder attends to, without changing anything of what it computes.
import type { Tensor } from "../graph/index.js";
import type { Encoder } from "../nn/encoder.js";

/**
 * Is called for each block, by its index, with its logits [batch, heads, queries, keys] and which keys are excluded, a
 * boolean tensor alike; undefined where none are.
 */
export type AttentionWatch = (block: number, logits: Tensor, excluded: Tensor | undefined) => void;

/** The same encoding, seen by `watch`. */
export function watchedEncode(encode: Encoder["encode"], watch: AttentionWatch): Encoder["encode"] {
  return (tokens, options = {}) =>
    encode(tokens, {
      ...options,
      attention: (block) => {
        const own = options.attention?.(block);
        const exclude = (logits: Tensor) => {
          const excluded = own?.exclude?.(logits);
          watch(block, logits, excluded);
          return excluded;
        };
        return { ...own, exclude };
      },
    });
}
