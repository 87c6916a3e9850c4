// Pretext tasks: MAE, naive mixing, MixedAE, SimMIM, iBOT and DINO; and their comparison with other code.
export type { AttentionWatch } from "./attention-watch.js";
export { drawIbotInputs, type IbotDraws } from "./ibot/draws.js";
export { type IbotHealthMetrics, ibotHealthLines } from "./ibot/health.js";
export { type IbotOptions, ibotDefaults, ibotMicroDefaults, ibotNanoDefaults, ibotOptions } from "./ibot/options.js";
export { createIbotTraining, type IbotDefinition, type IbotTraining } from "./ibot/training.js";
export type { MaeOptions } from "./mae.js";
export type {
  FreeShape,
  Method,
  MethodConfig,
  MethodDefaults,
  MethodSize,
  MethodTraining,
  MetricLevel,
  Position,
  Pretext,
  ReconstructingMethod,
  RunLength,
} from "./method.js";
export type { MetricValues } from "./metric-values.js";
export type { MixedAeOptions, MixingOptions } from "./mixed-ae-options.js";
export { evaluatePretext, type PretextInputs, type PretextResult } from "./pretext-evaluation.js";
export { type ReconstructingParts, reconstructingMethod, reconstructionMetrics } from "./reconstructing-method.js";
export type { PretextTask, ReconstructionTask } from "./reconstruction-task.js";
// With the star, programs can add to the interface by either name of the module.
export * from "./registered-methods.js";
export {
  createMethod,
  type MethodChoice,
  type MethodName,
  type MethodOptions,
  methodDefaults,
  methodNames,
  type ReconstructingMethodName,
  registerMethod,
} from "./registry.js";
export type { SimmimOptions } from "./simmim.js";
export type { Warning } from "./warning.js";
