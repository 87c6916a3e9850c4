// The two kinds of tokens that an encoder gives: CLS, and one for each patch.
import type { Tensor } from "../graph/index.js";

/** The CLS token [1, batch, n] of tokens [1 + patches, batch, n]. */
export function clsOf(tokens: Tensor): Tensor {
  return tokens.slice(0, 0, 1);
}

/** The patch tokens [patches, batch, n] of tokens [1 + patches, batch, n]. */
export function patchesOf(tokens: Tensor): Tensor {
  return tokens.slice(0, 1);
}
