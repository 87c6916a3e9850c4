// The library: everything that `import ... from "mixedae"` gives, from the ground floor up. Each theme also has a path of
// its own, such as "mixedae/nn".

/* Configurations of runs. See docs/run-directory.md. */
export * from "./config/index.js";
/* Images: where they come from, and batches in a reproducible order. See docs/own-images.md. */
export {
  type AugmentationOptions,
  type Batch,
  type BatchBoxes,
  type BatchOptions,
  type BatchStream,
  type BatchViews,
  type BoxTable,
  boxTable,
  type ChannelStatistics,
  type Color,
  type Container,
  DataError,
  DataOptionError,
  type Finding,
  type ImageBoxes,
  type ImageFile,
  type ImageSelection,
  type ImageSource,
  type ImageTable,
  LoaderError,
  type MaskFiles,
  type MemoryUse,
  maskFiles,
  measureChannels,
  openBatches,
  openSource,
  type ReadImage,
  type ReadOptions,
  readImages,
  type SkippedImage,
  SourceChangedError,
  SourceError,
  type SourceOptions,
  type Split,
  type StatisticsOptions,
  type Targets,
  TooFewImagesError,
  TooManyUnreadableError,
  type TransformOptions,
  UnreadableImageError,
  type ViewOptions,
} from "./data/index.js";
/* Running programs: compile once for a device, bind to your own arrays, run many times. See docs/engine.md. */
export {
  type ArrayPart,
  type Arrays,
  alone,
  type Bindable,
  type Binding,
  type Combiner,
  type CombinerOptions,
  type Computed,
  combinerOver,
  compile,
  type DeviceArray,
  type DeviceArrays,
  type DeviceOptions,
  type Engine,
  type EngineDefinition,
  EngineError,
  type EngineOptions,
  type Executable,
  openEngine,
  registerEngine,
  type TensorPlace,
} from "./engine/index.js";
/*
 * Putting a pre-trained encoder to use: embedding, search, evaluation with labels, fine-tuning and classification.
 * See docs/transfer.md.
 */
export {
  BusyFilesError,
  type Classification,
  type ClassifiedBatch,
  type ClassifiedImage,
  type ClassifyRequest,
  type ClassifyResult,
  type ClassProbability,
  classify,
  createKnnEvaluator,
  DamagedFileError,
  type DuplicateGroup,
  type DuplicatesRequest,
  type EmbedRequest,
  type EmbedSummary,
  type Evaluation,
  EvaluationError,
  embed,
  evaluateKnn,
  evaluateProbe,
  evaluateRecognition,
  evaluateReconstruction,
  evaluateSegmentation,
  evaluations,
  type FeatureDescription,
  type FeatureFiles,
  type FinetuneChoices,
  type FinetuneConfig,
  type FinetuneReport,
  type FinetuneRequest,
  type FinetuneResult,
  findDuplicates,
  finetune,
  ImageProgress,
  type ImageProgressOptions,
  type KnnReport,
  type KnnRequest,
  type KnnScore,
  type LabelledSet,
  type LoadClassifierOptions,
  type LoadedClassifier,
  type LoadedEncoder,
  type LoadOptions,
  loadClassifier,
  loadEncoder,
  type Match,
  type ModelRequest,
  openClassification,
  openFeatures,
  type ProbeReport,
  type ProbeRequest,
  type RecipeName,
  type RecognitionReport,
  type RecognitionRequest,
  type ReconstructionReport,
  type ReconstructionRequest,
  recipeNames,
  resumeFinetune,
  type SearchRequest,
  type SearchResult,
  type SegmentationReport,
  type SegmentationRequest,
  type SetFeatures,
  type SetReport,
  search,
  type TrainingSetReport,
} from "./evaluations/index.js";
/* Weights from and for PyTorch, timm, Hugging Face and ONNX. See docs/transfer.md. */
export * from "./exchange/index.js";
/* Writing and reading files of runs. */
export { FileError } from "./files/file-error.js";
export { StorageError } from "./files/storage-error.js";
/* Safetensors, npy and others: how tensors travel between this library and other tools. */
export * from "./formats/index.js";
/*
 * Tensor programs: symbolic tensors with static shapes, their operations (methods of `Tensor`), gradients.
 * `input` and `constant` are where programs begin, `defineProgram` is where they end. See docs/engine.md.
 */
export {
  allocate,
  apply,
  concat,
  constant,
  countMultiplyAdds,
  type DType,
  defineProgram,
  type EmitOptions,
  gradients,
  input,
  type Lowering,
  type MatmulOptions,
  type Node,
  type Operand,
  type Operation,
  type Program,
  ProgramError,
  patchConvolution,
  patchify,
  type ReduceOptions,
  type Shape,
  type Tensor,
  type TensorType,
  type TypedArray,
} from "./graph/index.js";
/* What is put on an encoder: features, neighbours, probe, classifier. */
export * from "./heads/index.js";
/* Pretext tasks. See docs/methods.md, docs/parity.md. */
export * from "./methods/index.js";
/* Layers and the vision transformer. */
export * from "./nn/index.js";
/* Training of any model: gradients, AdamW over flat buffers, learning rates. */
export * from "./optim/index.js";
/* Several processes that train together. See docs/scale.md. */
export {
  type BatchShare,
  type Communicator,
  countTrue,
  type DividedBatch,
  divideBatch,
  fromFirst,
  gatherValues,
  oneProcess,
  openProcesses,
  PeerError,
  ProcessesError,
  type Summable,
  type SumOptions,
} from "./processes/index.js";
/* Random numbers: every draw is a function of (seed, stream, epoch, index), on any machine. */
export { type RandomStream, randomStream } from "./random/index.js";
/* Composed scenes. See docs/composed-scenes.md. */
export * from "./scenes/index.js";
/* Studies: several encoders, seeds and evaluations, and their report. See docs/studies.md. */
export {
  type PackSummary,
  packStudy,
  type ReportFiles,
  readStudy,
  runStudy,
  type Study,
  type StudyOptions,
  type StudyRecipe,
  type StudySummary,
  writeStudyReport,
} from "./study/index.js";
/* What people see of all this: the line of the command line. */
export type { Interval, IntervalText } from "./terminal/interval.js";
export { Progress, type ProgressStart } from "./terminal/progress.js";
export { ProgressLine, type ProgressStream } from "./terminal/progress-line.js";
export type { Count, Waits } from "./terminal/waiting.js";
/* Runs: what the commands of `mixedae` do. See docs/run-directory.md. */
export * from "./training/index.js";
/* Whether a device computes what it should. */
export * from "./verification/index.js";
