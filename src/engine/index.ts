// Running programs: compiled for a device by ONNX Runtime, over buffers that are read and written in place.
export { allocate, type DTypeArrays, type TypedArray } from "./arrays.js";
export { EngineError } from "./errors.js";
export { type Arrays, type Binding, type CompileOptions, compile, Executable, planBytes } from "./executable.js";
export { type FlatEntry, type FlatGroup, FlatLayout } from "./flat-layout.js";
