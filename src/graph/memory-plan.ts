// How many bytes the intermediate values of a graph take at the most, in the order in which it runs.
import type { OnnxModel, OnnxNode } from "./onnx-model.js";

/** Operators whose result may take the place of an operand that nothing reads any more. */
const IN_PLACE = new Set(["Add", "Sub", "Mul", "Div", "Neg", "Exp", "Sqrt", "Erf", "HardSigmoid", "Softmax", "Where"]);

/** Operators whose result is the operand's memory under another shape. */
const ALIASES = new Set(["Reshape", "Identity", "Unsqueeze"]);

/** Operators that read nothing but a shape. */
const TINY = new Set(["Shape"]);

/** What is known of a value: its size, and a word that is equal for values of equal shape and dtype. */
export interface ValueType {
  readonly bytes: number;
  readonly type: string;
}

/** Memory that holds one value after another, from the first node that writes it to the last that reads it. */
interface Buffer extends ValueType {
  readonly first: number;
  last: number;
}

/**
 * The peak over one run, inputs, outputs and constants not counted. Values that an operation uses inside its own ONNX
 * form are taken to be as large as the largest that they are made from.
 *
 * ONNX Runtime gives the memory of a value that nobody reads any more to the next one of exactly its shape and dtype,
 * however much later that comes, and keeps it all the while: so buffers are counted here, not values.
 */
export function planPeakBytes(model: OnnxModel, known: ReadonlyMap<string, ValueType>): number {
  const buffers = planBuffers(model, known);
  const change = new Float64Array(model.nodes.length + 1);
  for (const { bytes, first, last } of buffers) {
    change[first]! += bytes;
    change[last + 1]! -= bytes;
  }
  let [live, peak] = [0, 0];
  for (const bytes of change) {
    live += bytes;
    peak = Math.max(peak, live);
  }
  return peak;
}

function planBuffers({ nodes, inputs, outputs, initializers }: OnnxModel, known: ReadonlyMap<string, ValueType>) {
  const order = engineOrder(nodes);
  const supplied = new Set([...inputs, ...outputs, ...initializers].map(({ name }) => name));
  const types = valueTypes(order, known);
  /** How many nodes have yet to read a buffer's values. */
  const readers = new Map<Buffer, number>();
  const bufferOf = new Map<string, Buffer>();
  const free: Buffer[] = [];
  const readsOf = countReads(order);
  const buffers: Buffer[] = [];

  const release = (buffer: Buffer, count: number) => {
    const left = readers.get(buffer)! - count;
    readers.set(buffer, left);
    if (left === 0) free.push(buffer);
  };
  /** The memory of an operand that this node is the last to read. */
  const overwritten = ({ type, inputs }: OnnxNode, wanted: ValueType) =>
    IN_PLACE.has(type)
      ? inputs
          .map((name) => bufferOf.get(name))
          .find((buffer) => buffer && fits(buffer, wanted) && readers.get(buffer) === 1)
      : undefined;
  const reused = (wanted: ValueType) => {
    const index = free.findLastIndex((buffer) => fits(buffer, wanted));
    return index < 0 ? undefined : free.splice(index, 1)[0];
  };

  for (const [index, node] of order.entries()) {
    const created = node.outputs.filter((name) => !supplied.has(name));
    const written = created.map((name) => {
      const type = types.get(name)!;
      const alias = ALIASES.has(node.type) ? bufferOf.get(node.inputs[0]!) : undefined;
      let buffer = alias ?? overwritten(node, type) ?? reused(type);
      if (buffer === undefined && !(ALIASES.has(node.type) && supplied.has(node.inputs[0]!))) {
        buffer = { ...type, first: index, last: index };
        buffers.push(buffer);
      }
      if (buffer === undefined) return undefined;
      bufferOf.set(name, buffer);
      readers.set(buffer, (readers.get(buffer) ?? 0) + readsOf(name));
      return buffer;
    });
    const touched = node.inputs.flatMap((name) => bufferOf.get(name) ?? []);
    for (const buffer of [...touched, ...written]) if (buffer) buffer.last = index;
    for (const buffer of touched) release(buffer, 1);
    // What nobody reads is there for as long as its node runs.
    for (const [place, name] of created.entries())
      if (readsOf(name) === 0 && written[place]) release(written[place], 0);
  }
  return buffers;
}

function fits(buffer: ValueType, wanted: ValueType): boolean {
  return buffer.bytes === wanted.bytes && buffer.type === wanted.type;
}

function countReads(nodes: readonly OnnxNode[]): (name: string) => number {
  const reads = new Map<string, number>();
  for (const name of nodes.flatMap(({ inputs }) => inputs)) reads.set(name, (reads.get(name) ?? 0) + 1);
  return (name) => reads.get(name) ?? 0;
}

/** The types of all values that nodes compute. */
function valueTypes(order: readonly OnnxNode[], known: ReadonlyMap<string, ValueType>): Map<string, ValueType> {
  const types = new Map(known);
  for (const { type, inputs, outputs } of order) {
    const largest = TINY.has(type) ? 0 : Math.max(0, ...inputs.map((input) => types.get(input)?.bytes ?? 0));
    for (const name of outputs) if (!types.has(name)) types.set(name, { bytes: largest, type: "" });
  }
  return types;
}

/**
 * The order in which ONNX Runtime runs a graph: depth-first from the nodes that nothing reads, the last of them first,
 * and at each node from the source that stands last in the file.
 */
function engineOrder(nodes: readonly OnnxNode[]): OnnxNode[] {
  const producer = new Map(nodes.flatMap((node, index) => node.outputs.map((name) => [name, index] as const)));
  const read = new Set(nodes.flatMap((node) => node.inputs));
  const visited = new Set<number>();
  const order: OnnxNode[] = [];
  const pending = nodes.flatMap((node, index) =>
    node.outputs.some((name) => read.has(name)) ? [] : [{ index, done: false }],
  );
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    const node = nodes[entry.index]!;
    if (entry.done) {
      order.push(node);
      continue;
    }
    if (visited.has(entry.index)) continue;
    visited.add(entry.index);
    pending.push({ index: entry.index, done: true });
    const sources = node.inputs.flatMap((name) => producer.get(name) ?? []).sort((a, b) => a - b);
    for (const index of sources) pending.push({ index, done: false });
  }
  return order;
}
