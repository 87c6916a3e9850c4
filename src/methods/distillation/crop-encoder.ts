// The encoder of student and teacher: a vision transformer for crops of several sizes.
import { constant, patchify, type Tensor } from "../../graph/index.js";
import { encoder } from "../../nn/encoder.js";
import type { ParameterScope } from "../../nn/parameters.js";
import { cropPositions } from "../../nn/positions.js";
import type { EncoderShape } from "../../nn/presets.js";

export interface CropOptions {
  /** What the embedded patches [patches, crops, width] are replaced by before positions are added; by nothing by default. */
  readonly replace?: ((patches: Tensor) => Tensor) | undefined;
  /** For drop path [crops, depth, 2]. */
  readonly branchScales?: Tensor | undefined;
}

/** Normalised crops [crops, height, width, channels] to tokens after the final norm [1 + patches, crops, width], CLS first. */
export type CropEncoder = (crops: Tensor, options?: CropOptions) => Tensor;

/**
 * Local crops have fewer patches. Their positions are the sines and cosines at the places where a grid of as many cells
 * over the whole global crop has its centres (our choice: those of DINO and iBOT are learned, and interpolated).
 */
export function cropEncoder(scope: ParameterScope, shape: EncoderShape): CropEncoder {
  const { patchSize, width } = shape;
  const { embed, encode } = encoder(scope, shape);

  return (crops, { replace = (patches: Tensor) => patches, branchScales } = {}) => {
    const grid = { rows: crops.shape[1]! / patchSize, columns: crops.shape[2]! / patchSize };
    const positions = constant(cropPositions(shape, grid), [grid.rows * grid.columns, 1, width]);
    const patches = embed(patchify(crops, patchSize));
    return encode(replace(patches).add(positions), { branchScales });
  };
}
