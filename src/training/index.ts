// Training runs: starting, resuming, watching, and looking at what was learnt.
export type { Checkpoint } from "./checkpoint-format.js";
export {
  CheckpointError,
  MemoryError,
  OutputError,
  RunDirectoryError,
  StoppedError,
  TrainingDivergedError,
  UnsuitableCheckpointError,
  UnsuitableRunError,
} from "./errors.js";
export { EventDisplay, type EventDisplayOptions } from "./event-display.js";
export type {
  AnnouncedHappening,
  EventOptions,
  EventStamp,
  FailedHappening,
  FileHappening,
  FinishedHappening,
  Happening,
  ImagesHappening,
  JobHappening,
  MetricsHappening,
  NoteHappening,
  PhaseHappening,
  RunEvent,
  SkippedHappening,
  StepHappening,
  WarningHappening,
  WeightsHappening,
} from "./events.js";
export type {
  CreateEvaluator,
  Evaluator,
  ResumeOptions,
  ResumeOverrides,
  RunOptions,
  RunSummary,
} from "./hooks.js";
export type { StepMetrics } from "./metrics-file.js";
export type { DecoderShape, ModelDescription } from "./model-description.js";
export type { Warn } from "./newest-checkpoint.js";
export { pretrain, resume } from "./pretrain.js";
export { loadPretrained, type PretrainedModel, type PretrainedOptions, type WeightTensor } from "./pretrained.js";
export { type ReconstructOptions, reconstruct } from "./reconstruct.js";
export { withWeightsLayer } from "./start-weights.js";
