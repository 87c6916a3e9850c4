// Layers and the vision transformer: parameters are made in a scope, a layer is a function of a tensor.
export { type Attention, type AttentionOptions, attention, type KeyExclusion } from "./attention.js";
export { type Block, type BlockOptions, type BlockShape, block, blocks, type Windows } from "./block.js";
export { type Decoder, decoder } from "./decoder.js";
export { type DenseEncoder, type DenseEncoderOptions, denseEncoder, pyramidTaps } from "./dense-encoder.js";
export { drawBranchScales } from "./drop-path.js";
export { type EncodeOptions, type Encoder, type EncoderOptions, encoder } from "./encoder.js";
export { type Initializer, normal, ones, uniform, xavierUniform, zeros } from "./initializers.js";
export { type Layer, layerNorm, linear } from "./layers.js";
export { type Parameter, type ParameterOptions, ParameterScope } from "./parameters.js";
export { type Normalization, normalizePixels } from "./pixels.js";
export { type GivenPositions, sinCosPositions } from "./positions.js";
export {
  channelsOf,
  type EncoderShape,
  type Grid,
  type ModelPreset,
  type ModelShape,
  modelPresetNames,
  modelPresets,
  patchCount,
  patchGrid,
} from "./presets.js";
export { type EncodedImages, type VisionTransformer, visionTransformer } from "./vision-transformer.js";
