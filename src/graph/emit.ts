// Turns a program into an ONNX graph: lowers each node once, shares equal nodes and constants, and orders execution.
import { type DType, dtypes, elementsOf, type TypedArray } from "./dtypes.js";
import type { EmitOptions, Kernels, Lowering } from "./lowering.js";
import { planPeakBytes, type ValueType } from "./memory-plan.js";
import { CONTRIBUTED_DOMAIN, type OnnxInitializer, type OnnxModel, type OnnxNode } from "./onnx-model.js";
import type { Program } from "./program.js";
import { formatShape, type Shape } from "./shape.js";
import { ancestors, type Tensor } from "./tensor.js";

/** A program's graph for an engine, and the planned peak of its intermediate values in bytes. */
export interface Emitted {
  readonly model: OnnxModel;
  readonly peakBytes: number;
}

export function emitOnnx(program: Program, kernels: Kernels): Emitted {
  const emission = new Emission(program, kernels);
  const names = new Map<Tensor, string>();
  for (const node of emission.nodes) {
    const inputs = node.inputs.map((tensor) => names.get(tensor)!);
    for (const [index, name] of node.operation.lower(emission, node, inputs).entries()) {
      names.set(node.outputs[index]!, name);
    }
  }
  const outputs = [...program.outputs].map(([name, tensor]) => ({ name, tensor, value: names.get(tensor)! }));
  const model = {
    name: program.name,
    nodes: executionOrder(nameOutputs(emission.emitted, outputs)),
    inputs: [...program.inputs].map(([name, { shape, dtype }]) => ({ name, shape, dtype })),
    outputs: outputs.map(({ name, tensor: { shape, dtype } }) => ({ name, shape, dtype })),
    initializers: [...emission.initializers.values()],
  };
  const types = new Map([...names].map(([tensor, name]) => [name, valueType(tensor)]));
  return { model, peakBytes: planPeakBytes(model, types) };
}

function valueType({ shape, dtype, size }: Tensor): ValueType {
  return { bytes: size * dtypes[dtype].bytes, type: `${dtype}${formatShape(shape)}` };
}

/** One character a byte, so that equal constants are found by a key. */
const BYTES = new TextDecoder("latin1");

class Emission implements Lowering {
  readonly nodes;
  readonly emitted: OnnxNode[] = [];
  readonly initializers = new Map<string, OnnxInitializer>();
  readonly #used: ReadonlySet<Tensor>;
  readonly #shared = new Map<string, readonly string[]>();

  constructor(
    program: Program,
    readonly kernels: Kernels,
  ) {
    const outputs = [...program.outputs.values()];
    this.nodes = ancestors(outputs);
    this.#used = new Set([...outputs, ...this.nodes.flatMap((node) => node.inputs)]);
  }

  isUsed(tensor: Tensor): boolean {
    return this.#used.has(tensor);
  }

  emit(type: string, inputs: readonly string[], options: EmitOptions = {}): string {
    return this.emitAll(type, inputs, options)[0]!;
  }

  emitAll(type: string, inputs: readonly string[], options: EmitOptions = {}): readonly string[] {
    const { attributes = {}, outputs = 1, contributed = false } = options;
    const key = JSON.stringify([type, inputs, attributes, outputs]);
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const names = Array.from({ length: outputs }, (_, index) => `${type}:${this.emitted.length}:${index}`);
    const domain = contributed ? CONTRIBUTED_DOMAIN : "";
    this.emitted.push({ type, domain, inputs, outputs: names, attributes });
    this.#shared.set(key, names);
    return names;
  }

  constant(data: TypedArray, shape: Shape, dtype: DType): string {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const key = `${dtype}${formatShape(shape)}${BYTES.decode(bytes)}`;
    const known = this.initializers.get(key);
    if (known !== undefined) return known.name;
    const name = `constant:${this.initializers.size}`;
    this.initializers.set(key, { name, shape, dtype, bytes });
    return name;
  }

  integers(values: readonly number[]): string {
    return this.constant(BigInt64Array.from(values, BigInt), [values.length], "int64");
  }

  scalar(value: number, dtype: DType): string {
    return this.constant(elementsOf([value], dtype), [], dtype);
  }
}

/** Gives computed values the names of the outputs; an output that is an input, a constant or a second name is copied. */
function nameOutputs(nodes: readonly OnnxNode[], outputs: readonly { name: string; value: string }[]): OnnxNode[] {
  const computed = new Set(nodes.flatMap((node) => node.outputs));
  const renamed = new Map<string, string>();
  const copies: OnnxNode[] = [];
  for (const { name, value } of outputs) {
    if (computed.has(value) && !renamed.has(value)) renamed.set(value, name);
    else copies.push({ type: "Identity", domain: "", inputs: [value], outputs: [name], attributes: {} });
  }
  const rename = (value: string) => renamed.get(value) ?? value;
  return [...nodes, ...copies].map((node) => ({
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
  }));
}

/**
 * ONNX Runtime runs a graph depth-first from the nodes that nothing reads, the last in the file first. These (the
 * gradients of parameters, mostly) are therefore put at the end in reverse: each gradient is then computed as soon as
 * what it needs is there, and activations are freed early, instead of all living until the first layer is reached.
 */
function executionOrder(nodes: readonly OnnxNode[]): OnnxNode[] {
  const read = new Set(nodes.flatMap((node) => node.inputs));
  const isLeaf = (node: OnnxNode) => !node.outputs.some((name) => read.has(name));
  return [...nodes.filter((node) => !isLeaf(node)), ...nodes.filter(isLeaf).reverse()];
}
