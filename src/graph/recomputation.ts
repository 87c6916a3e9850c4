// Copies of a region's nodes, whose values are computed a second time when gradients ask for them.
import { after } from "./operations/after.js";
import type { Region } from "./region.js";
import { apply, type Node, type Tensor } from "./tensor.js";

/** What the copies of one region begin with. */
interface SecondPass {
  /** Everything is computed after this. */
  readonly trigger: Tensor;
  readonly copies: Map<Node, Node>;
}

/**
 * The nodes that gradient rules are asked of in place of the program's own [Chen et al., "Training deep nets with
 * sublinear memory cost", 2016]. Nobody needs the values of the originals on the way back, so the engine frees them on
 * the way forward; only what enters a region from outside stays.
 */
export class Recomputation {
  readonly #passes = new Map<Region, SecondPass>();

  /**
   * The copy of a node, or the node itself where it belongs to no region. `gradient`, of one of the node's outputs,
   * is what the copies of its region wait for, if it is the first of the region to be asked for.
   */
  of(node: Node, gradient: Tensor): Node {
    const { region } = node;
    if (region === undefined) return node;
    const pass = this.#passes.get(region) ?? { trigger: gradient, copies: new Map() };
    this.#passes.set(region, pass);
    return copyOf(node, pass);
  }
}

function copyOf(node: Node, pass: SecondPass): Node {
  const known = pass.copies.get(node);
  if (known !== undefined) return known;
  const inputs = node.inputs.map((tensor) => copied(tensor, node.region, pass));
  const copy = apply(node.operation, inputs, node.attributes)[0]!.node;
  pass.copies.set(node, copy);
  return copy;
}

function copied(tensor: Tensor, region: Region | undefined, pass: SecondPass): Tensor {
  const { node, output } = tensor;
  // Inputs and constants: nothing to compute.
  if (node.inputs.length === 0) return tensor;
  return node.region === region ? copyOf(node, pass).outputs[output]! : after(tensor, pass.trigger);
}
