// What an engine is: it compiles programs, and the arrays that a training lives in are its own.
import type { Program, Shape, TypedArray } from "../graph/index.js";

/** How an engine uses the machine. */
export interface EngineOptions {
  /**
   * Threads for one operation; 0 (the default) takes one for each physical core. At most four times what the machine
   * runs at once (but always 8).
   */
  readonly threads?: number;
  /** Refuse a program of which any part would leave the device. For tests. */
  readonly strict?: boolean;
}

/** What may differ from program to program. */
export interface CompileOptions {
  /**
   * Whether the program keeps main memory that its values leave, for values to come: faster. False gives it back at once:
   * the peak is near to the plan, and between two runs nothing is taken. True by default.
   */
  readonly poolsMemory?: boolean;
}

/** Compiles programs for one device, and owns the arrays that a training lives in. */
export interface Engine {
  /** The device that it computes on, as `--device` names it. */
  readonly device: string;
  /** Compiles a program. Throws EngineError. */
  compile(program: Program, options?: CompileOptions): Promise<Executable>;
  /** The planned peak of a program's intermediate values, in bytes, without compiling it. */
  planBytes(program: Program): number;
  /**
   * Arrays of zeros; in main memory with room for `spare` values of the caller's own behind them. Throws EngineError where
   * they are more than memory can hold.
   */
  allocate<Group>(tensors: readonly TensorPlace<Group>[], spare?: number): Promise<DeviceArrays<Group>>;
  /** The bytes that `allocate` would take. */
  arrayBytes<Group>(tensors: readonly TensorPlace<Group>[]): number;
}

/** Arrays of the caller's own, in main memory. */
export type Arrays = Readonly<Record<string, TypedArray>>;
/** What programs read and write: arrays of the caller's own, or of the engine that compiled the program. */
export type Bindable = Readonly<Record<string, TypedArray | DeviceArray>>;

/** A compiled program. */
export interface Executable {
  readonly program: Program;
  /** The planned peak of the program's intermediate values, in bytes. */
  readonly plannedBytes: number;
  /**
   * Ties inputs and outputs to arrays, which are read and written at each run: without a copy where the engine computes
   * in main memory. Arrays must be of the program's dtypes and sizes (bool as bytes) and not lie on shared memory.
   * Throws EngineError.
   */
  bind(inputs: Bindable, outputs: Bindable): Binding;
  /** Runs once and returns newly allocated outputs. */
  run(inputs: Bindable): Promise<Record<string, TypedArray>>;
}

/** A compiled program on given arrays. Runs of one executable must not overlap. */
export interface Binding {
  /** Reads the inputs, fills the outputs. Blocks this thread while the engine computes. */
  run(): Promise<void>;
}

/** A tensor that is to be allocated with others. */
export interface TensorPlace<Group> {
  readonly name: string;
  readonly shape: Shape;
  /** Tensors of one group are treated alike by an optimizer: the same object for all of them. */
  readonly group: Group;
}

/** A float32 array where an engine computes. */
export interface DeviceArray {
  readonly length: number;
  /** The values as they are now. In main memory they are the array itself: copy what must outlive the next write. */
  read(): Promise<Float32Array>;
  /** Puts values in place of all. Throws EngineError for another number of them. */
  write(values: Float32Array): Promise<void>;
}

/** The arrays of some tensors, such as all parameters of a model, allocated together. */
export interface DeviceArrays<Group> {
  readonly tensors: readonly TensorPlace<Group>[];
  readonly byName: Readonly<Record<string, DeviceArray>>;
  /**
   * All values in the parts in which the engine takes programs that treat every value alike, group by group. Which
   * parts these are is the engine's affair; arrays of the same tensors have the same ones, in the same order.
   */
  readonly parts: readonly ArrayPart<Group>[];
  /**
   * All values one behind the other, padding between them and spare values at their end included, if they lie in main
   * memory; null otherwise.
   */
  readonly memory: Float32Array | null;
  /** The spare values: the last of `memory`. Null where there are none. */
  readonly spare: Float32Array | null;
  /** Takes over the values of arrays of the same tensors. */
  copyFrom(other: DeviceArrays<Group>): Promise<void>;
  /** Gives the memory back. What was bound to these arrays must not be run any more. */
  dispose(): void;
}

/** Some of the values of arrays, all of tensors of one group. */
export interface ArrayPart<Group> {
  readonly group: Group;
  readonly array: DeviceArray;
}
