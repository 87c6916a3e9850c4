// The pre-norm transformer block: attention and MLP, each on a residual branch.
import { recomputable, type Tensor } from "../graph/index.js";
import { type AttentionOptions, attention } from "./attention.js";
import { layerNorm, linear } from "./layers.js";
import { ParameterScope } from "./parameters.js";

/** The sizes of a block. */
export interface BlockShape {
  readonly width: number;
  readonly heads: number;
  /** Hidden width of the MLP as a multiple of `width`. */
  readonly mlpRatio: number;
}

/** Sequences cut into shorter ones that attention does not cross, and put together again. */
export interface Windows {
  /** [tokens, batch, width] to [window tokens, windows * batch, width]. */
  split(x: Tensor): Tensor;
  /** The other way. */
  join(x: Tensor): Tensor;
}

/** What may differ from call to call. */
export interface BlockOptions extends AttentionOptions {
  /** Attention stays within these; the exclusion and the bias are then those of a window. */
  readonly windows?: Windows | undefined;
  /** Multiplies what attention and MLP add to each sequence: [1, batch, 1] each. For drop path. */
  readonly branchScales?: readonly [attention: Tensor, mlp: Tensor] | undefined;
}

/** x [tokens, batch, width] to the same shape. */
export type Block = (x: Tensor, options?: BlockOptions) => Tensor;

/**
 * A pre-norm transformer block: attention, then an MLP with GELU, each added to what it gets. It is a region: where
 * memory is short, a training keeps its input alone.
 */
export function block(scope: ParameterScope, { width, heads, mlpRatio }: BlockShape): Block {
  const norm1 = layerNorm(scope.in("norm1"), width);
  const attend = attention(scope.in("attn"), width, heads);
  const norm2 = layerNorm(scope.in("norm2"), width);
  const fc1 = linear(scope.in("mlp").in("fc1"), width, mlpRatio * width);
  const fc2 = linear(scope.in("mlp").in("fc2"), mlpRatio * width, width);

  const body: Block = (x, { exclude, bias, windows, branchScales } = {}) => {
    const scaled = (branch: Tensor, index: 0 | 1) => (branchScales ? branch.mul(branchScales[index]) : branch);
    const within = windows
      ? windows.join(attend(windows.split(norm1(x)), { exclude, bias }))
      : attend(norm1(x), { exclude, bias });
    const attended = x.add(scaled(within, 0));
    return attended.add(scaled(fc2(fc1(norm2(attended)).gelu()), 1));
  };
  return (x, options) => recomputable(() => body(x, options));
}

/** `depth` blocks named `name.0`, `name.1`, ... */
export function blocks(scope: ParameterScope, name: string, depth: number, shape: BlockShape): Block[] {
  return Array.from({ length: depth }, (_, index) => block(scope.in(`${name}.${index}`), shape));
}

/** The values of one block; 0 for widths that are no whole numbers, which are refused elsewhere. */
export function blockParameters(width: number, mlpRatio: number): number {
  if (!Number.isInteger(width * mlpRatio)) return 0;
  const scope = new ParameterScope();
  block(scope, { width, heads: 1, mlpRatio });
  return scope.parameters.reduce((sum, { tensor }) => sum + tensor.size, 0);
}
