// The vision transformer that is pre-trained: patch embedding, positions, blocks, final norm.
import { concat, constant, patchConvolution, type Tensor } from "../graph/index.js";
import { type BlockOptions, blocks } from "./block.js";
import { normal, uniform, xavierUniform } from "./initializers.js";
import { type Layer, layerNorm } from "./layers.js";
import type { ParameterScope } from "./parameters.js";
import { encoderPositions } from "./positions.js";
import { channelsOf, type EncoderShape, patchCount, patchValues } from "./presets.js";

/** What turns patches into tokens. */
export interface Encoder {
  /** Fixed position embeddings of the patches [patches, width]. */
  readonly positions: Tensor;
  /** Patches [tokens, batch, patchSize * patchSize * channels] to tokens [tokens, batch, width], without positions. */
  embed(patches: Tensor): Tensor;
  /**
   * Puts the CLS token before patch tokens [tokens, batch, width], positions included, and runs the blocks and the
   * final norm: [1 + tokens, batch, width].
   */
  encode(tokens: Tensor, options?: EncodeOptions): Tensor;
  /** The same without the final norm: what enters the first block, and what leaves each of them. */
  sequences(tokens: Tensor, options?: EncodeOptions): readonly Tensor[];
  /** The final norm; where there is none, what changes nothing. */
  readonly norm: Layer;
}

/** What may differ from call to call. */
export interface EncodeOptions {
  /** How the attention of a block differs from the ordinary, by its index. */
  readonly attention?:
    | ((blockIndex: number) => Pick<BlockOptions, "exclude" | "bias" | "windows"> | undefined)
    | undefined;
  /** What a block is given in place of what leaves the one before [1 + tokens, batch, width], by its index. */
  readonly entering?: ((x: Tensor, blockIndex: number) => Tensor) | undefined;
  /** The position of CLS [1, 1, width], where it has one. */
  readonly clsPosition?: Tensor;
  /** For drop path [batch, depth, 2]: what the two branches of each block are multiplied by (see drop-path.ts). */
  readonly branchScales?: Tensor | undefined;
}

/** What may differ from encoder to encoder. */
export interface EncoderOptions {
  /** Whether the tokens are normalised at the end; true by default. */
  readonly finalNorm?: boolean;
}

/**
 * A vision transformer. Positions are added by the caller, who chooses which patches are seen. Parameters are named as
 * in the official checkpoints.
 */
export function encoder(
  scope: ParameterScope,
  shape: EncoderShape,
  { finalNorm = true }: EncoderOptions = {},
): Encoder {
  const { patchSize, width, depth } = shape;
  const clsToken = scope.create("cls_token", [1, 1, width], normal(0.02));
  const projection = scope.in("patch_embed").in("proj");
  const weight = projection.create("weight", [width, channelsOf(shape), patchSize, patchSize], xavierUniform);
  const bias = projection.create("bias", [width], uniform(1 / Math.sqrt(patchValues(shape))));
  const layers = blocks(scope, "blocks", depth, shape);
  const norm: Layer = finalNorm ? layerNorm(scope.in("norm"), width) : (x) => x;

  const sequences: Encoder["sequences"] = (tokens, { attention, entering, clsPosition, branchScales } = {}) => {
    const cls = clsPosition === undefined ? clsToken : clsToken.add(clsPosition);
    const scales = branchScales && scalesByBlock(branchScales);
    const passed = [concat([cls.expand([1, tokens.shape[1]!, width]), tokens], 0)];
    for (const [index, layer] of layers.entries()) {
      const x = entering ? entering(passed[index]!, index) : passed[index]!;
      passed.push(layer(x, { ...attention?.(index), branchScales: scales?.[index] }));
    }
    return passed;
  };

  return {
    positions: constant(encoderPositions(shape), [patchCount(shape), width]),
    embed: (patches) => patchConvolution(patches, weight, bias),
    encode: (tokens, options) => norm(sequences(tokens, options).at(-1)!),
    sequences,
    norm,
  };
}

/** [batch, depth, 2] to two tensors [1, batch, 1] for each block. */
function scalesByBlock(branchScales: Tensor): (readonly [Tensor, Tensor])[] {
  const [batch, depth] = branchScales.shape as [number, number, number];
  const columns = branchScales.transpose([1, 2, 0]).reshape([2 * depth, batch, 1]);
  const column = (index: number) => columns.slice(0, index, index + 1);
  return Array.from({ length: depth }, (_, index) => [column(2 * index), column(2 * index + 1)] as const);
}
