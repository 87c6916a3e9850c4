// What is put on an encoder: features, neighbours, a linear probe, a classifier, and their metrics.
export { type ClassAccuracy, type ClassificationResult, classificationResult } from "./classification-metrics.js";
export { type Classifier, type ClassifierShape, classifier } from "./classifier.js";
export { crossEntropy } from "./cross-entropy.js";
export {
  type DetectionReport,
  type DetectionScores,
  detectionMeasures,
  evaluateDetections,
} from "./detection-metrics.js";
export {
  createFeatureExtractor,
  type FeatureExtractor,
  type Features,
  type FrozenEncoder,
  type Pooling,
  poolings,
} from "./features.js";
export type { FrozenModel } from "./image-program.js";
export { knnCounts, neighbourVotes } from "./knn.js";
export {
  type LabelledFeatures,
  type LinearProbe,
  type ProbeOptions,
  type ProbeTask,
  probeDefaults,
  trainLinearProbe,
} from "./linear-probe.js";
export { type LinkedRows, type NearDuplicateOptions, nearDuplicates } from "./near-duplicates.js";
export {
  createNeighbourSearch,
  findNeighbours,
  type NeighbourSearch,
  type Neighbours,
  type SearchOptions,
  type VectorSource,
  vectorsInMemory,
} from "./neighbours.js";
export { type PrincipalComponents, principalComponents } from "./principal-components.js";
export type { ClassOverlap, SegmentationResult } from "./segmentation-metrics.js";
export type { Weights } from "./weights.js";
