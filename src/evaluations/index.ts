// What a pre-trained encoder is put to use for: embedding, searching, and evaluation with labels.
export { type DetectChoices, type DetectConfig, detectKeys } from "./detect/config.js";
export type { DetectedObject } from "./detect/detect-image.js";
export type { DetectionSplit } from "./detect/detection-set.js";
export { type DetectorModel, readDetectorModel } from "./detect/detector-model.js";
export {
  type DetectorReport,
  type DetectorRequest,
  evaluateDetector,
  type TrainedDetectorReport,
} from "./detect/evaluate-detector.js";
export {
  type PredictedObjects,
  type PredictObjectsRequest,
  type PredictObjectsResult,
  predictObjects,
} from "./detect/predict-objects.js";
export { type DetectRecipeName, detectRecipeNames } from "./detect/recipes.js";
export { type DetectRequest, type DetectResult, resumeDetector, trainDetector } from "./detect/train-detector.js";
export { type DuplicateGroup, type DuplicatesRequest, findDuplicates } from "./duplicates.js";
export { type EmbedRequest, type EmbedSummary, embed } from "./embed.js";
export { BusyFilesError, DamagedFileError, EvaluationError } from "./errors.js";
export type { Evaluation, FrozenEvaluation, TrainedEvaluation } from "./evaluation.js";
export type { FeatureDescription } from "./feature-description.js";
export { type FeatureFiles, openFeatures } from "./feature-files.js";
export { writeClassified } from "./finetune/classified-file.js";
export {
  type Classification,
  type ClassifiedBatch,
  type ClassifiedImage,
  type ClassifyRequest,
  type ClassifyResult,
  type ClassProbability,
  classify,
  likeliest,
  openClassification,
} from "./finetune/classify.js";
export { type FinetuneChoices, type FinetuneConfig, finetuneKeys } from "./finetune/config.js";
export { type FinetuneRequest, type FinetuneResult, finetune, resumeFinetune } from "./finetune/finetune.js";
export type { FinetuneReport } from "./finetune/finetune-report.js";
export { type LoadClassifierOptions, type LoadedClassifier, loadClassifier } from "./finetune/load-classifier.js";
export { type RecipeName, recipeNames } from "./finetune/recipes.js";
export { ImageProgress, type ImageProgressOptions } from "./image-progress.js";
export { evaluateKnn, type KnnReport, type KnnRequest, type KnnScore } from "./knn/evaluate-knn.js";
export type { LabelledSet } from "./labelled-sets.js";
export { type LoadedEncoder, type LoadOptions, loadEncoder } from "./load-encoder.js";
export { fingerprint, type ModelRequest, openModel } from "./model.js";
export { createKnnEvaluator } from "./online-knn.js";
export { evaluateSegmentation, type SegmentationReport, type SegmentationRequest } from "./patches/evaluate-patches.js";
export { evaluateProbe, type ProbeReport, type ProbeRequest } from "./probe/evaluate-probe.js";
export {
  evaluateRecognition,
  type RecognitionReport,
  type RecognitionRequest,
} from "./recognition/evaluate-recognition.js";
export {
  evaluateReconstruction,
  type ReconstructionReport,
  type ReconstructionRequest,
} from "./reconstruction/evaluate-reconstruction.js";
export { evaluations } from "./registry.js";
export { classTable, describeSets, percent, type SetReport, type TrainingSetReport, writeReport } from "./report.js";
export { type Match, type SearchRequest, type SearchResult, search } from "./search.js";
export { type SegmentChoices, type SegmentConfig, segmentKeys } from "./segment/config.js";
export {
  evaluateSegmenter,
  type SegmenterReport,
  type SegmenterRequest,
  type TrainedSegmenterReport,
} from "./segment/evaluate-segmenter.js";
export {
  type PredictedMask,
  type PredictMasksRequest,
  type PredictMasksResult,
  predictMasks,
} from "./segment/predict-masks.js";
export { type SegmentRecipeName, segmentRecipeNames } from "./segment/recipes.js";
export { readSegmentationModel, type SegmentationModel } from "./segment/segmentation-model.js";
export type { SegmentationLayout, SegmentationSplit } from "./segment/segmentation-set.js";
export { resumeSegmenter, type SegmentRequest, type SegmentResult, trainSegmenter } from "./segment/train-segmenter.js";
export type { SetFeatures } from "./set-features.js";
