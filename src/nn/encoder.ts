// The vision transformer that is pre-trained: patch embedding, positions, blocks, final norm.
import { concat, constant, patchConvolution, type Tensor } from "../graph/index.js";
import type { KeyExclusion } from "./attention.js";
import { blocks } from "./block.js";
import { normal, uniform, xavierUniform } from "./initializers.js";
import { layerNorm } from "./layers.js";
import type { ParameterScope } from "./parameters.js";
import { sinCosPositions } from "./positions.js";
import type { EncoderShape } from "./presets.js";

export interface Encoder {
  /** Fixed position embeddings of the patches [patches, width]. */
  readonly positions: Tensor;
  /** Patches [tokens, batch, patchSize * patchSize * 3] to tokens [tokens, batch, width], without positions. */
  embed(patches: Tensor): Tensor;
  /**
   * Puts the CLS token before patch tokens [tokens, batch, width], positions included, and runs the blocks and the
   * final norm: [1 + tokens, batch, width]. `exclusions` may restrict the attention of a block, by its index;
   * `clsPosition` [1, 1, width] is the position of CLS, where it has one.
   */
  encode(tokens: Tensor, exclusions?: (blockIndex: number) => KeyExclusion | undefined, clsPosition?: Tensor): Tensor;
}

export function encoder(scope: ParameterScope, shape: EncoderShape): Encoder {
  const { imageSize, patchSize, width, depth } = shape;
  const grid = imageSize / patchSize;
  const clsToken = scope.create("cls_token", [1, 1, width], normal(0.02));
  const projection = scope.in("patch_embed").in("proj");
  const weight = projection.create("weight", [width, 3, patchSize, patchSize], xavierUniform);
  const bias = projection.create("bias", [width], uniform(1 / Math.sqrt(3 * patchSize * patchSize)));
  const layers = blocks(scope, "blocks", depth, shape);
  const norm = layerNorm(scope.in("norm"), width);

  return {
    positions: constant(sinCosPositions(width, grid), [grid * grid, width]),
    embed: (patches) => patchConvolution(patches, weight, bias),
    encode: (tokens, exclusions = () => undefined, clsPosition) => {
      const cls = clsPosition === undefined ? clsToken : clsToken.add(clsPosition);
      const withCls = concat([cls.expand([1, tokens.shape[1]!, width]), tokens], 0);
      return norm(layers.reduce((x, layer, index) => layer(x, exclusions(index)), withCls));
    },
  };
}
