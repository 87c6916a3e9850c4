// The library: everything that `import ... from "mixedae"` gives, from the ground floor up.

/* Runs: what the commands of `mixedae` do. See docs/run-directory.md. */
export {
  type ConfigLayer,
  layerFromAssignments,
  layerFromFile,
  type PretrainConfig,
  resolveConfig,
} from "./config/config.js";
/* Images: where they come from, and batches in a reproducible order. See docs/own-images.md. */
export {
  type Batch,
  type BatchOptions,
  type BatchStream,
  type BatchViews,
  DataError,
  type ImageSource,
  openBatches,
  openSource,
  type ReadImage,
  type ReadOptions,
  readImages,
  type SourceOptions,
  type ViewOptions,
} from "./data/index.js";
/* Running programs: compile once for a device, bind to your own arrays, run many times. */
export {
  type Arrays,
  allocate,
  type Binding,
  type CompileOptions,
  compile,
  EngineError,
  Executable,
  type TypedArray,
} from "./engine/index.js";
/*
 * Putting a pre-trained encoder to use: embedding, search, evaluation with labels, fine-tuning and classification.
 * See docs/transfer.md.
 */
export {
  type ClassifyResult,
  classify,
  createKnnEvaluator,
  embed,
  evaluateKnn,
  evaluateProbe,
  type FinetuneRequest,
  type FinetuneResult,
  findDuplicates,
  finetune,
  ImageProgress,
  resumeFinetune,
  search,
} from "./evaluations/index.js";
/* Weights from and for PyTorch, timm, Hugging Face and ONNX. */
export { exportWeights } from "./exchange/export-weights.js";
export { importWeights } from "./exchange/import-weights.js";
/* Safetensors: what checkpoints are written in, and how tensors travel between this library and others. */
export {
  encodeSafetensors,
  joinSafetensors,
  readSafetensors,
  type SafetensorsEntry,
  type SafetensorsFile,
} from "./formats/safetensors.js";
/*
 * Tensor programs: symbolic tensors with static shapes, their operations (methods of `Tensor`), gradients.
 * `input` and `constant` are where programs begin, `defineProgram` is where they end. See docs/engine.md.
 */
export {
  apply,
  concat,
  constant,
  countMultiplyAdds,
  type Device,
  type DType,
  defineProgram,
  gradients,
  input,
  type Node,
  type Operand,
  type Operation,
  type Program,
  ProgramError,
  patchConvolution,
  patchify,
  type Shape,
  type Tensor,
  type TensorType,
} from "./graph/index.js";
/* Features of images that are in memory: the frozen encoder as a program. */
export { createFeatureExtractor, type FeatureExtractor, type FrozenEncoder } from "./heads/features.js";
/* iBOT: its step with teacher and centres. See docs/methods.md. */
export { drawIbotInputs } from "./methods/ibot/draws.js";
export { ibotHealthLines } from "./methods/ibot/health.js";
export {
  type IbotOptions,
  ibotDefaults,
  ibotMicroDefaults,
  ibotNanoDefaults,
  ibotOptions,
} from "./methods/ibot/options.js";
export { createIbotTraining, type IbotDefinition, type IbotTraining } from "./methods/ibot/training.js";
/* Pretext tasks: MAE, naive mixing, MixedAE; and their comparison with other code. See docs/methods.md, parity.md. */
export type {
  Method,
  MethodConfig,
  MethodTraining,
  Position,
  Pretext,
  ReconstructingMethod,
} from "./methods/method.js";
export { evaluatePretext, type PretextInputs, type PretextResult } from "./methods/pretext-evaluation.js";
export type { PretextTask, ReconstructionTask } from "./methods/reconstruction-task.js";
export { createMethod, type MethodChoice, methodDefaults } from "./methods/registry.js";
/* Layers: parameters are made in a scope, a layer is a function of a tensor. */
export { type Attention, attention, type KeyExclusion } from "./nn/attention.js";
export { type Block, type BlockShape, block, blocks } from "./nn/block.js";
export { type Decoder, decoder } from "./nn/decoder.js";
export { type Encoder, encoder } from "./nn/encoder.js";
export { type Initializer, normal, ones, uniform, xavierUniform, zeros } from "./nn/initializers.js";
export { type Layer, layerNorm, linear } from "./nn/layers.js";
export { type Parameter, type ParameterOptions, ParameterScope } from "./nn/parameters.js";
export { type Normalization, normalizePixels } from "./nn/pixels.js";
export { sinCosPositions } from "./nn/positions.js";
export { type ModelPreset, type ModelShape, modelPresetNames, modelPresets } from "./nn/presets.js";
/* Training of any model: gradients, AdamW over flat buffers, learning rates. */
export { type LearningRateSchedule, learningRateAt } from "./optim/schedule.js";
export {
  createTraining,
  type StepOptions,
  type StepResult,
  type Training,
  type TrainingDefinition,
} from "./optim/training.js";
/* Random numbers: every draw is a function of (seed, stream, epoch, index), on any machine. */
export { type RandomStream, randomStream } from "./random/index.js";
/* Studies: several encoders, seeds and evaluations, and their report. See docs/studies.md. */
export { packStudy, readStudy, runStudy, writeStudyReport } from "./study/index.js";
export { Progress } from "./terminal/progress.js";
export { ProgressLine, type ProgressStream } from "./terminal/progress-line.js";
export { EventDisplay } from "./training/event-display.js";
export type { EventOptions, RunEvent } from "./training/events.js";
export type {
  CreateEvaluator,
  Evaluator,
  ResumeOptions,
  ResumeOverrides,
  RunOptions,
  RunSummary,
} from "./training/hooks.js";
export { pretrain, reconstruct, resume } from "./training/index.js";
export { loadPretrained, type PretrainedModel } from "./training/pretrained.js";
