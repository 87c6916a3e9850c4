// An engine over ONNX Runtime, whichever build of it is given: onnxruntime-node or onnxruntime-web.
import {
  allocate,
  emitOnnx,
  encodeOnnxModel,
  formatShape,
  holds,
  type Program,
  sizeOf,
  type TensorType,
  type TypedArray,
} from "../../graph/index.js";
import type {
  Bindable,
  Binding,
  CompileOptions,
  DeviceArray,
  DeviceArrays,
  Engine,
  EngineOptions,
  Executable,
  TensorPlace,
} from "../engine.js";
import { EngineError } from "../errors.js";
import { HostArray, HostArrays, hostBytes } from "../host-arrays.js";
import type { InferenceSession, Tensor } from "./node.js";
import type { Provider } from "./providers.js";

/** What is used of a build of ONNX Runtime. */
export interface OnnxRuntime {
  readonly InferenceSession: Pick<typeof InferenceSession, "create">;
  readonly Tensor: typeof Tensor;
}

/** An engine over a build of ONNX Runtime that the caller brings, such as onnxruntime-web. */
export class OnnxRuntimeEngine implements Engine {
  /** `load` gives the library, which is not needed before a program is compiled. */
  constructor(
    private readonly load: () => Promise<OnnxRuntime>,
    private readonly provider: Provider,
    private readonly options: EngineOptions,
  ) {}

  get device(): string {
    return this.provider.device;
  }

  async compile(program: Program, { poolsMemory = true }: CompileOptions = {}): Promise<Executable> {
    const { device, name, kernels } = this.provider;
    const { threads = 0, strict = false } = this.options;
    const { model, peakBytes } = emitOnnx(program, kernels);
    const runtime = await this.load();
    try {
      const session = await runtime.InferenceSession.create(encodeOnnxModel(model), {
        executionProviders: [name],
        intraOpNumThreads: threads,
        // Emission has done what the optimizer would do; skipping it makes compiling several times faster.
        graphOptimizationLevel: "disabled",
        // A planned block would come on top of what the first run allocated piece by piece: the peak is half as high
        // without it, and a step as fast.
        enableMemPattern: false,
        enableCpuMemArena: poolsMemory,
        logSeverityLevel: 3,
        extra: {
          session: {
            // Threads that wait for their program's next run by spinning would hold up the programs that run in between.
            force_spinning_stop: "1",
            ...(strict && { disable_cpu_ep_fallback: "1" }),
          },
        },
      });
      return new OnnxRuntimeExecutable(runtime, program, peakBytes, session, this.provider.fillsOutputs);
    } catch (error) {
      throw new EngineError(`program ${program.name} could not be compiled for ${device}: ${(error as Error).message}`);
    }
  }

  planBytes(program: Program): number {
    return emitOnnx(program, this.provider.kernels).peakBytes;
  }

  /** In main memory on every device: ONNX Runtime copies what a GPU needs at each run. */
  async allocate<Group>(tensors: readonly TensorPlace<Group>[], spare = 0): Promise<DeviceArrays<Group>> {
    return new HostArrays(tensors, spare);
  }

  arrayBytes<Group>(tensors: readonly TensorPlace<Group>[]): number {
    return hostBytes(tensors);
  }
}

class OnnxRuntimeExecutable implements Executable {
  constructor(
    private readonly runtime: OnnxRuntime,
    readonly program: Program,
    readonly plannedBytes: number,
    private readonly session: InferenceSession,
    private readonly fillsOutputs: boolean,
  ) {}

  bind(inputs: Bindable, outputs: Bindable): Binding {
    const feeds = this.#tensors("input", this.program.inputs, inputs);
    const fetches = this.#tensors("output", this.program.outputs, outputs);
    const targets = Object.entries(fetches);
    const asked = this.fillsOutputs ? fetches : Object.keys(fetches);
    return {
      run: async () => {
        const results = await this.session.run(feeds, asked);
        for (const [name, tensor] of targets) copyIfElsewhere(results[name]!, tensor);
      },
    };
  }

  async run(inputs: Bindable): Promise<Record<string, TypedArray>> {
    const outputs: Record<string, TypedArray> = {};
    for (const [name, { dtype, shape }] of this.program.outputs) outputs[name] = allocate(dtype, sizeOf(shape));
    await this.bind(inputs, outputs).run();
    return outputs;
  }

  #tensors(kind: "input" | "output", expected: ReadonlyMap<string, TensorType>, given: Bindable) {
    const tensors: Record<string, Tensor> = {};
    for (const [name, type] of expected) {
      const what = `program ${this.program.name}: ${kind} "${name}"`;
      if (given[name] === undefined) throw new EngineError(`${what} is missing`);
      tensors[name] = new this.runtime.Tensor(type.dtype, fitting(given[name], type, what) as Float32Array, type.shape);
    }
    const unknown = Object.keys(given).find((name) => !expected.has(name));
    if (unknown !== undefined) {
      const known = [...expected.keys()].join(", ");
      throw new EngineError(`program ${this.program.name} has no ${kind} "${unknown}"; it has ${known}`);
    }
    return tensors;
  }
}

/** The memory to bind, of the dtype and size that the program has. */
function fitting(given: TypedArray | DeviceArray, { dtype, shape }: TensorType, what: string): TypedArray {
  const array = given instanceof HostArray ? given.memory : given;
  if (!ArrayBuffer.isView(array)) throw new EngineError(`${what} is an array of another engine`);
  if (!holds(array, dtype) || array.length !== sizeOf(shape)) {
    const found = `${array.constructor.name} of ${array.length} elements`;
    throw new EngineError(`${what} must be ${dtype}${formatShape(shape)}, ${sizeOf(shape)} elements; found ${found}`);
  }
  if (!(array.buffer instanceof ArrayBuffer)) throw new EngineError(`${what} must not lie on shared memory`);
  return array;
}

/** An engine that computes elsewhere may return an array of its own. */
function copyIfElsewhere(result: Tensor, target: Tensor): void {
  if (result.data !== target.data) (target.data as Float32Array).set(result.data as Float32Array);
}
