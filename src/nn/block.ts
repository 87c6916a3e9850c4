// The pre-norm transformer block: attention and MLP, each on a residual branch.
import type { Tensor } from "../graph/index.js";
import { attention, type KeyExclusion } from "./attention.js";
import { layerNorm, linear } from "./layers.js";
import type { ParameterScope } from "./parameters.js";

export interface BlockShape {
  readonly width: number;
  readonly heads: number;
  /** Hidden width of the MLP as a multiple of `width`. */
  readonly mlpRatio: number;
}

/** x [tokens, batch, width] to the same shape. */
export type Block = (x: Tensor, exclude?: KeyExclusion) => Tensor;

export function block(scope: ParameterScope, { width, heads, mlpRatio }: BlockShape): Block {
  const norm1 = layerNorm(scope.in("norm1"), width);
  const attend = attention(scope.in("attn"), width, heads);
  const norm2 = layerNorm(scope.in("norm2"), width);
  const fc1 = linear(scope.in("mlp").in("fc1"), width, mlpRatio * width);
  const fc2 = linear(scope.in("mlp").in("fc2"), mlpRatio * width, width);

  return (x, exclude) => {
    const attended = x.add(attend(norm1(x), exclude));
    return attended.add(fc2(fc1(norm2(attended)).gelu()));
  };
}

/** `depth` blocks named `name.0`, `name.1`, ... */
export function blocks(scope: ParameterScope, name: string, depth: number, shape: BlockShape): Block[] {
  return Array.from({ length: depth }, (_, index) => block(scope.in(`${name}.${index}`), shape));
}
