// Reverse-mode differentiation: the gradients of a program are further tensors of the program.
import { ProgramError } from "./errors.js";
import { isFloat } from "./operations/compare.js";
import { Recomputation } from "./recomputation.js";
import { ancestors, constant, type Node, type Tensor } from "./tensor.js";

/** How gradients come about. */
export interface GradientOptions {
  /**
   * Values within a region (see `recomputable`) are computed again for the gradients in place of being kept: the same
   * gradients from less memory, in more time. False by default.
   */
  readonly recompute?: boolean;
}

/**
 * The gradients of a scalar with respect to each of the given tensors, in their order and of their shapes.
 * A tensor that does not influence the scalar through differentiable operations gets zeros.
 */
export function gradients(
  scalar: Tensor,
  withRespectTo: readonly Tensor[],
  { recompute = false }: GradientOptions = {},
): Tensor[] {
  if (scalar.size !== 1 || !isFloat(scalar.dtype)) {
    throw new ProgramError(`gradients: takes a floating scalar to differentiate, found ${scalar}`);
  }
  const { nodes, wanted } = differentiablePath(scalar, withRespectTo);
  const collected = new Map<Tensor, Tensor>([[scalar, constant(1, [], scalar.dtype).expand(scalar.shape)]]);
  const recomputation = recompute ? new Recomputation() : undefined;
  for (const node of nodes) {
    const outputGradients = node.outputs.map((output) => collected.get(output));
    const given = outputGradients.find((gradient) => gradient !== undefined);
    if (given === undefined) continue;
    const read = recomputation?.of(node, given) ?? node;
    const inputGradients = node.operation.gradient?.(read, outputGradients) ?? [];
    for (const [index, gradient] of inputGradients.entries()) {
      const target = node.inputs[index]!;
      if (gradient === undefined || !wanted.has(target)) continue;
      const sum = collected.get(target);
      collected.set(target, sum === undefined ? gradient : sum.add(gradient));
    }
  }
  return withRespectTo.map((tensor) => collected.get(tensor) ?? constant(0, [], tensor.dtype).expand(tensor.shape));
}

interface DifferentiablePath {
  /** Nodes through which the gradient flows, the last first. */
  readonly nodes: readonly Node[];
  /** Tensors that depend on what is differentiated by. */
  readonly wanted: ReadonlySet<Tensor>;
}

function differentiablePath(scalar: Tensor, withRespectTo: readonly Tensor[]): DifferentiablePath {
  const wanted = new Set<Tensor>(withRespectTo);
  const nodes: Node[] = [];
  for (const node of ancestors([scalar])) {
    if (node.operation.gradient !== undefined && node.inputs.some((tensor) => wanted.has(tensor))) {
      for (const output of node.outputs) wanted.add(output);
      nodes.push(node);
    }
  }
  return { nodes: nodes.reverse(), wanted };
}
