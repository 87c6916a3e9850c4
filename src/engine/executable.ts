// Programs compiled for a device by ONNX Runtime: compile once, bind to buffers, run many times.

import {
  type Device,
  emitOnnx,
  encodeOnnxModel,
  formatShape,
  type Program,
  sizeOf,
  type TensorType,
} from "../graph/index.js";
import { allocate, holds, type TypedArray } from "./arrays.js";
import { EngineError } from "./errors.js";
import { threadsProblem } from "./machine.js";
import { InferenceSession, Tensor as OrtTensor } from "./onnxruntime.js";

/** Where and how a program runs. */
export interface CompileOptions {
  /** Where the program runs; "cpu" by default. */
  readonly device?: Device;
  /**
   * Threads for one operation; 0 (the default) takes one for each physical core. At most four times what the machine
   * runs at once (but always 8).
   */
  readonly threads?: number;
  /** Refuse a program of which any part would leave the GPU. For tests. */
  readonly strict?: boolean;
}

/** The elements of tensors, row by row, by the names of a program's inputs or outputs. */
export type Arrays = Readonly<Record<string, TypedArray>>;

/** A compiled program on given buffers. Runs of one executable must not overlap. */
export interface Binding {
  /** Reads the inputs, fills the outputs. Blocks this thread while the engine computes. */
  run(): Promise<void>;
}

/** A compiled program, to be bound to arrays and run. */
export class Executable {
  readonly #session: InferenceSession;

  constructor(
    readonly program: Program,
    /** The planned peak of the program's intermediate values, in bytes. */
    readonly plannedBytes: number,
    session: InferenceSession,
  ) {
    this.#session = session;
  }

  /**
   * Ties inputs and outputs to arrays, which are read and written in place at each run, without a copy on the CPU.
   * Arrays must be of the program's dtypes and sizes (bool as bytes) and not lie on shared memory.
   */
  bind(inputs: Arrays, outputs: Arrays): Binding {
    const feeds = this.#tensors("input", this.program.inputs, inputs);
    const fetches = this.#tensors("output", this.program.outputs, outputs);
    const onHost = Object.entries(fetches);
    return {
      run: async () => {
        const results = await this.#session.run(feeds, fetches);
        for (const [name, tensor] of onHost) copyIfElsewhere(results[name]!, tensor);
      },
    };
  }

  /** Runs once and returns newly allocated outputs. */
  async run(inputs: Arrays): Promise<Record<string, TypedArray>> {
    const outputs: Record<string, TypedArray> = {};
    for (const [name, { dtype, shape }] of this.program.outputs) outputs[name] = allocate(dtype, sizeOf(shape));
    await this.bind(inputs, outputs).run();
    return outputs;
  }

  #tensors(kind: "input" | "output", expected: ReadonlyMap<string, TensorType>, arrays: Arrays) {
    const tensors: Record<string, OrtTensor> = {};
    for (const [name, type] of expected) {
      const array = arrays[name];
      if (array === undefined) throw new EngineError(`program ${this.program.name}: ${kind} "${name}" is missing`);
      if (!holds(array, type.dtype) || array.length !== sizeOf(type.shape)) {
        const found = `${array.constructor.name} of ${array.length} elements`;
        const wanted = `${type.dtype}${formatShape(type.shape)}, ${sizeOf(type.shape)} elements`;
        throw new EngineError(`program ${this.program.name}: ${kind} "${name}" must be ${wanted}; found ${found}`);
      }
      if (array.buffer instanceof SharedArrayBuffer) {
        throw new EngineError(`program ${this.program.name}: ${kind} "${name}" must not lie on shared memory`);
      }
      tensors[name] = new OrtTensor(type.dtype, array as Float32Array, type.shape);
    }
    const unknown = Object.keys(arrays).find((name) => !expected.has(name));
    if (unknown !== undefined) {
      const known = [...expected.keys()].join(", ");
      throw new EngineError(`program ${this.program.name} has no ${kind} "${unknown}"; it has ${known}`);
    }
    return tensors;
  }
}

/** An engine that computes elsewhere may return an array of its own. */
function copyIfElsewhere(result: OrtTensor, target: OrtTensor): void {
  if (result.data !== target.data) (target.data as Float32Array).set(result.data as Float32Array);
}

/** The planned peak of a program's intermediate values, in bytes, without compiling it. */
export function planBytes(program: Program, device: Device = "cpu"): number {
  return emitOnnx(program, device).peakBytes;
}

/** Compiles a program for a device. Throws EngineError. */
export async function compile(program: Program, options: CompileOptions = {}): Promise<Executable> {
  const { device = "cpu", threads = 0, strict = false } = options;
  const problem = threadsProblem(threads);
  if (problem !== undefined) throw new EngineError(`program ${program.name}: threads: ${problem}`);
  const { model, peakBytes } = emitOnnx(program, device);
  try {
    const session = await InferenceSession.create(encodeOnnxModel(model), {
      executionProviders: [device],
      intraOpNumThreads: threads,
      // Emission has done what the optimizer would do; skipping it makes compiling several times faster.
      graphOptimizationLevel: "disabled",
      // A planned block would come on top of what the first run allocated piece by piece: the peak is half as high
      // without it, and a step as fast.
      enableMemPattern: false,
      logSeverityLevel: 3,
      extra: {
        session: {
          // Threads that wait for their program's next run by spinning would hold up the programs that run in between.
          force_spinning_stop: "1",
          ...(strict && { disable_cpu_ep_fallback: "1" }),
        },
      },
    });
    return new Executable(program, peakBytes, session);
  } catch (error) {
    throw new EngineError(`program ${program.name} could not be compiled for ${device}: ${(error as Error).message}`);
  }
}
