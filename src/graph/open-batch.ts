// Emission for any batch: what depends on the batch in a program's graph is computed from its input as it runs.
import { emitOnnx } from "./emit.js";
import { ProgramError } from "./errors.js";
import type { Kernels } from "./lowering.js";
import type { OnnxInitializer, OnnxModel, OnnxNode, OnnxValue } from "./onnx-model.js";
import type { Program } from "./program.js";

/** Two batches that no size of a model is a multiple of: what is a multiple of one comes from it. */
const BATCHES = [10_007, 10_009] as const;

/**
 * The graph of a program whose batch is the first axis of `input`, for every batch. Programs have static shapes; so the
 * program is emitted for two batches, and where the graphs differ, in the sizes that reshaping takes, the multiples of
 * the batch are computed. Throws ProgramError where they differ in anything else.
 */
export function emitWithOpenBatch(programOf: (batch: number) => Program, kernels: Kernels, input: string): OnnxModel {
  const [model, other] = BATCHES.map((batch) => emitOnnx(programOf(batch), kernels).model) as [OnnxModel, OnnxModel];
  if (JSON.stringify(model.nodes) !== JSON.stringify(other.nodes)) {
    throw new ProgramError(`${model.name}: an operation, and not only a size, depends on the batch`);
  }
  const pairs = model.initializers.map((constant, index) => [constant, other.initializers[index]!] as const);
  const fixed = pairs.filter(([a, b]) => isSame(a, b)).map(([constant]) => constant);
  const sizes = new SizeNodes(input);
  for (const [constant, twin] of pairs) if (!isSame(constant, twin)) sizes.compute(constant, twin, model.name);
  const opened = (value: OnnxValue, index: number, twins: readonly OnnxValue[]) => ({
    ...value,
    shape: value.shape.map((size, axis) => (size === twins[index]!.shape[axis] ? size : sizeName(Number(size)))),
  });
  return {
    name: model.name,
    nodes: [...sizes.nodes, ...model.nodes],
    inputs: model.inputs.map((value, index) => opened(value, index, other.inputs)),
    outputs: model.outputs.map((value, index) => opened(value, index, other.outputs)),
    initializers: [...fixed, ...sizes.initializers],
  };
}

/** Of a size that is a multiple of the batch. */
function sizeName(size: number): string {
  const factor = size / BATCHES[0];
  return factor === 1 ? "batch" : `${factor}*batch`;
}

function isSame(a: OnnxInitializer, b: OnnxInitializer): boolean {
  return a.bytes.length === b.bytes.length && a.bytes.every((byte, index) => byte === b.bytes[index]);
}

/** Nodes that compute vectors of sizes from the batch as it is. */
class SizeNodes {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxInitializer[] = [];
  readonly #batch: string;
  readonly #multiples = new Map<number, string>();

  constructor(input: string) {
    const shape = this.#add("Shape", "batch:shape", [input]);
    this.#batch = this.#add("Gather", "batch", [shape, this.#vector([0])], { axis: 0 });
  }

  /** The constant's name becomes that of what is computed in its place. */
  compute(constant: OnnxInitializer, twin: OnnxInitializer, program: string): void {
    const [sizes, others] = [constant, twin].map(({ dtype, bytes }) => {
      if (dtype !== "int64") throw new ProgramError(`${program}: a constant of ${dtype} depends on the batch`);
      return [...new BigInt64Array(bytes.slice().buffer)].map(Number);
    }) as [number[], number[]];
    const parts = sizes.map((size, index) => {
      if (size === others[index]) return this.#vector([size]);
      const multiple = size / BATCHES[0];
      if (!Number.isInteger(multiple) || multiple !== others[index]! / BATCHES[1]) {
        throw new ProgramError(`${program}: a size depends on the batch, and is not a multiple of it`);
      }
      return this.#multipleOfBatch(multiple);
    });
    this.#add("Concat", constant.name, parts, { axis: 0 });
  }

  #multipleOfBatch(factor: number): string {
    if (factor === 1) return this.#batch;
    const name =
      this.#multiples.get(factor) ?? this.#add("Mul", `batch:${factor}`, [this.#batch, this.#vector([factor])]);
    this.#multiples.set(factor, name);
    return name;
  }

  #vector(values: readonly number[]): string {
    const name = `size:${values.join(":")}`;
    if (!this.initializers.some((each) => each.name === name)) {
      const elements = BigInt64Array.from(values, BigInt);
      const bytes = new Uint8Array(elements.buffer);
      this.initializers.push({ name, dtype: "int64", shape: [values.length], bytes });
    }
    return name;
  }

  #add(type: string, output: string, inputs: readonly string[], attributes: OnnxNode["attributes"] = {}): string {
    this.nodes.push({ type, domain: "", inputs, outputs: [output], attributes });
    return output;
  }
}
