// Training of any model: gradients, AdamW and LARS, learning rates.
export type { AdamwOptions } from "./adamw.js";
export { AdamwOptimizer, type OptimizerState, type ParameterGroup } from "./adamw-optimizer.js";
export type { ExponentialAverage } from "./exponential-average.js";
export type { Trainable } from "./gradient-program.js";
export { type Initialized, initialValues } from "./initial-values.js";
export { type LarsGroup, LarsOptimizer, type LarsOptions, type LarsState } from "./lars.js";
export { layerDecayScale } from "./layer-decay.js";
export { cosineAt, type LearningRateSchedule, learningRateAt, rampAt } from "./schedule.js";
export {
  type AverageWeights,
  createTraining,
  type PlannedTraining,
  planTraining,
  type StepOptions,
  type StepResult,
  type Training,
  type TrainingDefinition,
  type TrainingMemory,
} from "./training.js";
