// The network that iBOT's student and teacher share: a vision transformer and the head.
import { constant, patchify, type Tensor } from "../../graph/index.js";
import { encoder } from "../../nn/encoder.js";
import { zeros } from "../../nn/initializers.js";
import type { ParameterScope } from "../../nn/parameters.js";
import { sinCosPositions } from "../../nn/positions.js";
import type { EncoderShape } from "../../nn/presets.js";
import { type HeadShape, ibotHead } from "./head.js";

export interface CropOptions {
  /** Which patches the learned embedding replaces: boolean [patches, crops]. */
  readonly hidden?: Tensor;
  /** For drop path [crops, depth, 2]. */
  readonly branchScales?: Tensor | undefined;
}

export interface IbotNetwork {
  /** Normalised crops [crops, size, size, 3] to tokens after the final norm [1 + patches, crops, width], CLS first. */
  encode(crops: Tensor, options?: CropOptions): Tensor;
  /** Tokens [..., width] to outputs [..., prototypes]. */
  readonly head: (tokens: Tensor) => Tensor;
}

/**
 * Local crops have fewer patches. Their positions are the sines and cosines at the places where a grid of as many cells
 * over the whole global crop has its centres (our choice: iBOT's positions are learned, and interpolated).
 */
export function ibotNetwork(scope: ParameterScope, shape: EncoderShape, head: HeadShape): IbotNetwork {
  const { imageSize, patchSize, width } = shape;
  const { embed, encode } = encoder(scope, shape);
  const maskedEmbedding = scope.create("masked_embed", [1, width], zeros);
  const extent = imageSize / patchSize;

  return {
    encode(crops, { hidden, branchScales } = {}) {
      const grid = crops.shape[1]! / patchSize;
      const positions = constant(sinCosPositions(width, grid, extent), [grid * grid, 1, width]);
      const patches = embed(patchify(crops, patchSize));
      const shown = hidden ? hidden.reshape([...hidden.shape, 1]).select(maskedEmbedding, patches) : patches;
      return encode(shown.add(positions), { branchScales });
    },
    head: ibotHead(scope.in("head"), width, head),
  };
}
