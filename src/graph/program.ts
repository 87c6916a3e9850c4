// A program: named inputs and outputs, checked when it is defined, ready to be emitted for a device.
import { ProgramError } from "./errors.js";
import { convolutionMultiplyAdds } from "./operations/convolution.js";
import { type ProductSizes, productSizes } from "./operations/matmul.js";
import { ancestors, isInput, isName, type Tensor, type TensorType } from "./tensor.js";

/** What an engine compiles: named inputs, and the tensors to compute from them. */
export interface Program {
  readonly name: string;
  /** What a run must supply, by name. */
  readonly inputs: ReadonlyMap<string, TensorType>;
  /** What a run computes, by name. */
  readonly outputs: ReadonlyMap<string, Tensor>;
}

/** A program that computes the given outputs; its inputs are those that they depend on. */
export function defineProgram(name: string, outputs: Readonly<Record<string, Tensor>>): Program {
  const inputs = new Map<string, Tensor>();
  for (const node of ancestors(Object.values(outputs))) {
    const tensor = node.outputs[0]!;
    if (!isInput(tensor)) continue;
    const { name: inputName } = tensor.node.attributes;
    if (inputs.has(inputName)) {
      throw new ProgramError(`program ${name}: two inputs share a name: ${inputs.get(inputName)} and ${tensor}`);
    }
    inputs.set(inputName, tensor);
  }
  if (Object.keys(outputs).length === 0) throw new ProgramError(`program ${name}: has no outputs`);
  for (const output of Object.keys(outputs)) {
    if (!isName(output)) {
      throw new ProgramError(`program ${name}: a name holds letters, digits and . _ / -, found output "${output}"`);
    }
    if (inputs.has(output)) throw new ProgramError(`program ${name}: "${output}" names both an input and an output`);
  }
  return { name, inputs, outputs: new Map(Object.entries(outputs)) };
}

/** The sizes of all matrix products in one run, in the order in which they were made. */
export function matrixProducts(program: Program): ProductSizes[] {
  return ancestors([...program.outputs.values()]).flatMap((node) => productSizes(node) ?? []);
}

/** Multiply-adds of all matrix products and convolutions in one run: a program's work, as papers count it. */
export function countMultiplyAdds(program: Program): number {
  const products = matrixProducts(program).reduce((total, { batch, m, k, n }) => total + batch * m * k * n, 0);
  const convolved = ancestors([...program.outputs.values()]).map((node) => convolutionMultiplyAdds(node) ?? 0);
  return convolved.reduce((total, count) => total + count, products);
}
