// MAE's decoder: a narrow transformer that turns tokens, masked ones included, into pixels.
import { concat, constant, type Tensor } from "../graph/index.js";
import { blocks } from "./block.js";
import { normal } from "./initializers.js";
import { layerNorm, linear } from "./layers.js";
import type { ParameterScope } from "./parameters.js";
import { decoderPositions } from "./positions.js";
import { type ModelShape, patchCount, patchValues } from "./presets.js";

/** What predicts pixels from the encoder's tokens. */
export interface Decoder {
  /** Stands for a patch that the encoder did not see: [decoderWidth]. */
  readonly maskToken: Tensor;
  /** Encoder tokens [tokens, batch, width] to [tokens, batch, decoderWidth]. */
  embed(tokens: Tensor): Tensor;
  /** CLS [1, batch, decoderWidth] and one token a patch [patches, batch, decoderWidth] to pixels [patches, batch, n]. */
  decode(cls: Tensor, patches: Tensor): Tensor;
}

/** MAE's decoder, with fixed positions. Parameters are named as in the official checkpoints. */
export function decoder(scope: ParameterScope, shape: ModelShape): Decoder {
  const { width, decoderWidth, decoderDepth, decoderHeads, mlpRatio } = shape;
  const maskToken = scope.create("mask_token", [1, 1, decoderWidth], normal(0.02));
  const embed = linear(scope.in("decoder_embed"), width, decoderWidth);
  const blockShape = { width: decoderWidth, heads: decoderHeads, mlpRatio };
  const layers = blocks(scope, "decoder_blocks", decoderDepth, blockShape);
  const norm = layerNorm(scope.in("decoder_norm"), decoderWidth);
  const predict = linear(scope.in("decoder_pred"), decoderWidth, patchValues(shape));
  const positions = constant(decoderPositions(shape), [patchCount(shape), 1, decoderWidth]);

  return {
    maskToken: maskToken.reshape([decoderWidth]),
    embed,
    decode: (cls, patches) => {
      const decoded = layers.reduce((x, layer) => layer(x), concat([cls, patches.add(positions)], 0));
      return predict(norm(decoded).slice(0, 1));
    },
  };
}
