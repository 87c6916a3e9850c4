// Running programs, on engines that own the arrays of a training.
import "#node-engines";

export { alone, type Combiner, type CombinerOptions, type Computed, combinerOver } from "./combiner.js";
export type {
  ArrayPart,
  Arrays,
  Bindable,
  Binding,
  CompileOptions,
  DeviceArray,
  DeviceArrays,
  Engine,
  EngineOptions,
  Executable,
  TensorPlace,
} from "./engine.js";
export { EngineError } from "./errors.js";
export { type OnnxRuntime, OnnxRuntimeEngine } from "./onnxruntime/engine.js";
export { browserProviders, type Provider, providers } from "./onnxruntime/providers.js";
export {
  compile,
  type DeviceOptions,
  type EngineDefinition,
  engineDefinition,
  engineDefinitions,
  openEngine,
  registerEngine,
} from "./registry.js";
