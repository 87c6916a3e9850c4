// The vision transformer that is pre-trained: patch embedding, positions, blocks, final norm.
import { concat, constant, patchConvolution, type Tensor } from "../graph/index.js";
import type { KeyExclusion } from "./attention.js";
import { type Block, blocks } from "./block.js";
import { normal, uniform, xavierUniform } from "./initializers.js";
import { layerNorm } from "./layers.js";
import type { ParameterScope } from "./parameters.js";
import { encoderPositions } from "./positions.js";
import { channelsOf, type EncoderShape, patchValues } from "./presets.js";

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
}

/** What may differ from call to call. */
export interface EncodeOptions {
  /** May restrict the attention of a block, by its index. */
  readonly exclusions?: (blockIndex: number) => KeyExclusion | undefined;
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
  const { imageSize, patchSize, width, depth } = shape;
  const grid = imageSize / patchSize;
  const clsToken = scope.create("cls_token", [1, 1, width], normal(0.02));
  const projection = scope.in("patch_embed").in("proj");
  const weight = projection.create("weight", [width, channelsOf(shape), patchSize, patchSize], xavierUniform);
  const bias = projection.create("bias", [width], uniform(1 / Math.sqrt(patchValues(shape))));
  const layers = blocks(scope, "blocks", depth, shape);
  const norm = finalNorm ? layerNorm(scope.in("norm"), width) : (x: Tensor) => x;

  return {
    positions: constant(encoderPositions(shape), [grid * grid, width]),
    embed: (patches) => patchConvolution(patches, weight, bias),
    encode: (tokens, { exclusions = () => undefined, clsPosition, branchScales } = {}) => {
      const cls = clsPosition === undefined ? clsToken : clsToken.add(clsPosition);
      const withCls = concat([cls.expand([1, tokens.shape[1]!, width]), tokens], 0);
      const scales = branchScales && scalesByBlock(branchScales);
      const runBlock = (x: Tensor, layer: Block, index: number) =>
        layer(x, { exclude: exclusions(index), branchScales: scales?.[index] });
      return norm(layers.reduce(runBlock, withCls));
    },
  };
}

/** [batch, depth, 2] to two tensors [1, batch, 1] for each block. */
function scalesByBlock(branchScales: Tensor): (readonly [Tensor, Tensor])[] {
  const [batch, depth] = branchScales.shape as [number, number, number];
  const columns = branchScales.transpose([1, 2, 0]).reshape([2 * depth, batch, 1]);
  const column = (index: number) => columns.slice(0, index, index + 1);
  return Array.from({ length: depth }, (_, index) => [column(2 * index), column(2 * index + 1)] as const);
}
