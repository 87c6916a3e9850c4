// How many bytes the intermediate values of a graph take at the most, in the order in which it runs.
import type { OnnxModel, OnnxNode } from "./onnx-model.js";

/** Operators whose result may take the place of an operand that nothing reads any more. */
const IN_PLACE = new Set(["Add", "Sub", "Mul", "Div", "Neg", "Exp", "Sqrt", "Erf", "HardSigmoid", "Softmax", "Where"]);

/** Operators whose result is the operand's memory under another shape. */
const ALIASES = new Set(["Reshape", "Identity", "Unsqueeze"]);

/** Operators that read nothing but a shape. */
const TINY = new Set(["Shape"]);

/**
 * The peak over one run, inputs, outputs and constants not counted. Values that an operation uses inside its own ONNX
 * form are taken to be as large as the largest that they are made from.
 */
export function planPeakBytes(model: OnnxModel, knownBytes: ReadonlyMap<string, number>): number {
  const order = engineOrder(model.nodes);
  const supplied = new Set([...model.inputs, ...model.outputs, ...model.initializers].map(({ name }) => name));
  const bytes = new Map(knownBytes);
  const memoryOf = new Map<string, string>();
  const lastUse = new Map<string, number>();
  const root = (name: string) => memoryOf.get(name) ?? name;

  for (const [index, node] of order.entries()) {
    for (const output of node.outputs) {
      if (ALIASES.has(node.type) && !supplied.has(output)) memoryOf.set(output, root(node.inputs[0]!));
      const largest = TINY.has(node.type) ? 0 : Math.max(...node.inputs.map((input) => bytes.get(input) ?? 0), 0);
      if (!bytes.has(output)) bytes.set(output, largest);
    }
    for (const name of [...node.inputs, ...node.outputs]) lastUse.set(root(name), index);
  }

  let live = 0;
  let peak = 0;
  for (const [index, node] of order.entries()) {
    const own = (name: string) => (supplied.has(name) || memoryOf.has(name) ? 0 : bytes.get(name)!);
    const dying = [...new Set([...node.inputs, ...node.outputs].map(root))].filter(
      (name) => lastUse.get(name) === index && !supplied.has(name),
    );
    const created = node.outputs.reduce((sum, name) => sum + own(name), 0);
    const replaced =
      IN_PLACE.has(node.type) &&
      dying.some((name) => bytes.get(name) === created && node.inputs.map(root).includes(name));
    peak = Math.max(peak, live + (replaced ? 0 : created));
    live += created - dying.reduce((sum, name) => sum + (bytes.get(name) ?? 0), 0);
  }
  return peak;
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
