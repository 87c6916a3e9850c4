// The network that iBOT's student and teacher share: the encoder, what stands for hidden patches, and the head.
import type { Tensor } from "../../graph/index.js";
import { zeros } from "../../nn/initializers.js";
import type { ParameterScope } from "../../nn/parameters.js";
import type { EncoderShape } from "../../nn/presets.js";
import { type CropEncoder, cropEncoder } from "../distillation/crop-encoder.js";
import { type HeadShape, projectionHead } from "../distillation/head.js";

export interface IbotNetwork {
  readonly encode: CropEncoder;
  /** Replaces patches [patches, crops, width] where hidden, a boolean [patches, crops], by a learned embedding. */
  hide(patches: Tensor, hidden: Tensor): Tensor;
  /** Tokens [..., width] to outputs [..., prototypes]. CLS and patches share it. */
  readonly head: (tokens: Tensor) => Tensor;
}

export function ibotNetwork(scope: ParameterScope, shape: EncoderShape, head: HeadShape): IbotNetwork {
  const encode = cropEncoder(scope, shape);
  const maskedEmbedding = scope.create("masked_embed", [1, shape.width], zeros);
  return {
    encode,
    hide: (patches, hidden) => hidden.reshape([...hidden.shape, 1]).select(maskedEmbedding, patches),
    head: projectionHead(scope.in("head"), shape.width, head),
  };
}
