// The encoder as it is transferred: every patch in order, nothing masked or mixed, ordinary attention in every block.
import { patchify, type Tensor } from "../graph/index.js";
import { type EncodeOptions, type EncoderOptions, encoder } from "./encoder.js";
import type { Initializer } from "./initializers.js";
import type { ParameterScope } from "./parameters.js";
import { encoderPositions } from "./positions.js";
import { type EncoderShape, patchCount } from "./presets.js";

/** What the encoder says about images, after its final norm where it has one. */
export interface EncodedImages {
  /** [batch, width]. */
  readonly cls: Tensor;
  /** [patches, batch, width], row by row. */
  readonly patches: Tensor;
}

/**
 * Normalised images [batch, height, width, channels] to tokens; `branchScales` [batch, depth, 2] are for drop path, and
 * `attention` changes or watches that of single blocks.
 */
export type VisionTransformer = (
  images: Tensor,
  branchScales?: Tensor,
  attention?: EncodeOptions["attention"],
) => EncodedImages;

/**
 * The parameters have the names that timm and the official MAE checkpoints give them. Positions are one of them,
 * `pos_embed` [1, 1 + patches, width], for other methods learn theirs and give CLS one too; those of pre-training are the start.
 */
export function visionTransformer(
  scope: ParameterScope,
  shape: EncoderShape,
  options: EncoderOptions = {},
): VisionTransformer {
  const { patchSize, width } = shape;
  const rows = 1 + patchCount(shape);
  const { embed, encode } = encoder(scope, shape, options);
  const positions = scope.create("pos_embed", [1, rows, width], fixedPositions(shape), { decay: false });
  const byToken = positions.reshape([rows, 1, width]);

  return (images, branchScales, attention) => {
    const tokens = embed(patchify(images, patchSize)).add(byToken.slice(0, 1));
    const encoded = encode(tokens, { clsPosition: byToken.slice(0, 0, 1), branchScales, attention });
    return { cls: encoded.slice(0, 0, 1).reshape([-1, width]), patches: encoded.slice(0, 1) };
  };
}

/** Those that it is pre-trained with; a row of zeros for CLS. */
export function fixedPositions(shape: EncoderShape): Initializer {
  return () => {
    const values = new Float32Array((1 + patchCount(shape)) * shape.width);
    values.set(encoderPositions(shape), shape.width);
    return values;
  };
}
