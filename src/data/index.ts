// Where images come from: sources, decoding, augmentation, and batches in a reproducible order.

export { centreView, drawAugmentation, type StreamOf, type View } from "./augmentation.js";
export type { BatchOptions } from "./batch-options.js";
export { type Batch, type BatchStream, type BatchViews, openBatches } from "./batch-stream.js";
export type { BatchBoxes } from "./box-view.js";
export {
  type ChannelStatistics,
  MEASURED_IMAGES,
  measureChannels,
  type StatisticsOptions,
} from "./channel-statistics.js";
export type { ColorChange } from "./color-change.js";
export type { Color } from "./decode-image.js";
export {
  DataError,
  DataOptionError,
  type Finding,
  LoaderError,
  SourceChangedError,
  SourceError,
  TooFewImagesError,
  TooManyUnreadableError,
  UnreadableImageError,
} from "./errors.js";
export type { Split } from "./idx-source.js";
export type { ImageOperation, OperationName } from "./image-operations.js";
export {
  describeSize,
  type ImageSides,
  type ImageSize,
  longerSide,
  parseSizeWord,
  pixelCount,
  shorterSide,
  sidesOf,
  sizeOf,
  sizeWord,
} from "./image-size.js";
export type { Container, ImageSource, ImageTable } from "./image-source.js";
export { allocateStamps, type ImageStamps, stampsDigest } from "./image-stamps.js";
export type { ListingWatch } from "./listing-progress.js";
export type { MemoryUse } from "./memory-plan.js";
export { type BatchMemory, planBatchMemory } from "./memory-plan.js";
export { openSource, type SourceOptions } from "./open-source.js";
export {
  type OrderedBatch,
  type OrderedOptions,
  type OrderedReader,
  openOrdered,
  type Pass,
} from "./ordered-reader.js";
export { findImagePaths, type ImagePaths, pathSource } from "./path-source.js";
export { type ImageFile, type ImageSelection, type ReadImage, type ReadOptions, readImages } from "./read-images.js";
export { selectImages } from "./select-images.js";
export { describeSkip, type SkippedImage } from "./skip-log.js";
export {
  type ComparisonOptions,
  compareSource,
  describeChanges,
  hasChanges,
  type SourceChanges,
} from "./source-changes.js";
export { recordSource, type SourceRecord } from "./source-record.js";
export {
  type BoxTable,
  boxTable,
  type ImageBoxes,
  type MaskFiles,
  type MaskLabels,
  maskFiles,
  maskName,
  type Targets,
} from "./targets.js";
export type {
  AugmentationOptions,
  Blur,
  CentreTransform,
  ColorJitter,
  RandAugment,
  RandomErasing,
  RandomTransform,
  Region,
  ScaledTransform,
  Solarize,
  Transform,
  TransformOptions,
} from "./transform.js";
export { parseTransform } from "./transform.js";
export { untilAborted } from "./until-aborted.js";
export type { ViewOptions } from "./view-options.js";
export {
  openWholeImages,
  renderRegion,
  type WholeImage,
  type WholeImageOptions,
  type WholeImages,
} from "./whole-images.js";
