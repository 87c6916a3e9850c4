// Pre-training in a page, over the build of ONNX Runtime for browsers that the page brings.
export type { PretrainChoices } from "../config/choices.js";
export type { PretrainConfig } from "../config/schema.js";
export type { PixelImage } from "../data/resample.js";
export type { ReconstructedImage } from "../training/reconstruction-images.js";
export { type DecodeOptions, decodeImageFile } from "./decode.js";
export { registerBrowserEngines } from "./engines.js";
export { checkpointConfig, type PageStep, PageTraining } from "./training.js";
