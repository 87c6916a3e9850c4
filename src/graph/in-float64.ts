// The same program in double precision: what a device computes in float32 is judged by it.
import type { DType } from "./dtypes.js";
import { castOperation } from "./operations/compare.js";
import { defineProgram, type Program } from "./program.js";
import { ancestors, apply, constant, input, isConstant, isInput, type Node, type Tensor } from "./tensor.js";

/** Computes what the program computes, with float64 for float32 from its inputs to its outputs. */
export function inFloat64(program: Program): Program {
  const wide = new Map<Tensor, Tensor>();
  for (const node of ancestors([...program.outputs.values()])) {
    const inputs = node.inputs.map((tensor) => wide.get(tensor)!);
    for (const [index, tensor] of widened(node, inputs).entries()) wide.set(node.outputs[index]!, tensor);
  }
  const outputs = [...program.outputs].map(([name, tensor]) => [name, wide.get(tensor)!]);
  return defineProgram(program.name, Object.fromEntries(outputs));
}

function widened(node: Node, inputs: readonly Tensor[]): readonly Tensor[] {
  const tensor = node.outputs[0]!;
  if (isInput(tensor)) return [input(tensor.node.attributes.name, tensor.shape, wider(tensor.dtype))];
  if (isConstant(tensor)) {
    if (tensor.dtype !== "float32") return node.outputs;
    return [constant(tensor.node.attributes.data as Float32Array, tensor.shape, "float64")];
  }
  if (node.operation === castOperation) return [inputs[0]!.cast(wider(tensor.dtype))];
  return apply(node.operation, inputs, node.attributes);
}

function wider(dtype: DType): DType {
  return dtype === "float32" ? "float64" : dtype;
}
