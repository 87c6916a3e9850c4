// Files of numbers, in and out: bytes to values and back, without trust and without Node.
export {
  type CocoAnnotation,
  type CocoCategory,
  type CocoImage,
  type CocoInstances,
  type CocoSegmentation,
  parseCocoInstances,
} from "./coco.js";
export { type CocoBox, polygonRuns, type Runs } from "./coco-masks.js";
export { type CocoResult, parseCocoResults } from "./coco-results.js";
export { compressRuns, decodeRuns, decompressRuns, encodeRuns } from "./coco-rle.js";
export { FormatError } from "./errors.js";
export { bfloat16ToFloat32, halfToFloat32 } from "./half.js";
export { type NpyArray, readNpy, writeNpy } from "./npy.js";
export {
  encodeSafetensors,
  joinSafetensors,
  readSafetensors,
  type SafetensorsDtype,
  type SafetensorsEntry,
  type SafetensorsFile,
  type SafetensorsLayout,
} from "./safetensors.js";
