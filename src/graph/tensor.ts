// Symbolic tensors: immutable nodes of a program, each with a static shape and dtype.
import { type DType, dtypes, elementsOf, type TypedArray } from "./dtypes.js";
import { ProgramError } from "./errors.js";
import type { Lowering } from "./lowering.js";
import { currentRegion, type Region } from "./region.js";
import { checkShape, formatShape, type Shape, sizeOf } from "./shape.js";

/** Shape and type of elements, of a tensor or of an array that holds one. */
export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** One step of a program: an operation applied to tensors. Ids grow in order of creation, so they are topological. */
export interface Node<Attributes = unknown> {
  readonly id: number;
  readonly operation: Operation<Attributes>;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
  readonly outputs: readonly Tensor[];
  /** What it was built within, if anything. */
  readonly region: Region | undefined;
}

/** All rules of an operation side by side: how types follow, how gradients flow, and its ONNX form. */
export interface Operation<Attributes = unknown> {
  readonly name: string;
  /** The types of the outputs; throws `ProgramError` where the inputs do not fit. */
  type(inputs: readonly TensorType[], attributes: Attributes): readonly TensorType[];
  /**
   * Gradients of the inputs from those of the outputs, as further tensors; `undefined` means "none".
   * Left out where the operation is not differentiable: gradients stop there.
   */
  gradient?(node: Node<Attributes>, outputGradients: readonly (Tensor | undefined)[]): readonly (Tensor | undefined)[];
  /** Emits ONNX nodes and returns the value names of the outputs; an input's own name is allowed (an alias). */
  lower(lowering: Lowering, node: Node<Attributes>, inputs: readonly string[]): readonly string[];
}

/**
 * A value of a program that is yet to run. Its methods are the operations (see `tensor-methods.ts`):
 * `x.matmul(w).add(b)`. Shapes and dtypes are checked when a tensor is made.
 */
export class Tensor {
  constructor(
    readonly node: Node,
    readonly output: number,
    readonly shape: Shape,
    readonly dtype: DType,
  ) {}

  get rank(): number {
    return this.shape.length;
  }

  /** The number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** For messages: shape, dtype, and the name of an input or the operation that made this tensor. */
  toString(): string {
    const origin = isInput(this) ? `"${this.node.attributes.name}"` : `result of ${this.node.operation.name}`;
    return `${this.dtype}${formatShape(this.shape)} (${origin})`;
  }
}

let nextId = 0;

/** Applies an operation; every operation's function goes through here. */
export function apply<Attributes>(
  operation: Operation<Attributes>,
  inputs: readonly Tensor[],
  attributes: Attributes,
): readonly Tensor[] {
  const outputs: Tensor[] = [];
  const node: Node<Attributes> = { id: nextId++, operation, inputs, attributes, outputs, region: currentRegion() };
  for (const [index, type] of resultTypes(operation, inputs, attributes).entries()) {
    outputs.push(new Tensor(node, index, type.shape, type.dtype));
  }
  return outputs;
}

/** Applies an operation with one output. */
export function applyOne<Attributes>(
  operation: Operation<Attributes>,
  inputs: readonly Tensor[],
  attributes: Attributes,
): Tensor {
  return apply(operation, inputs, attributes)[0]!;
}

function resultTypes<Attributes>(operation: Operation<Attributes>, inputs: readonly Tensor[], attributes: Attributes) {
  return checkOperands(operation.name, inputs, () => {
    const types = operation.type(inputs, attributes);
    for (const type of types) checkShape(type.shape);
    return types;
  });
}

/** Runs a check; the message of its `ProgramError` then names the operation and its operands. */
export function checkOperands<Result>(name: string, operands: readonly Tensor[], check: () => Result): Result {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    const list = operands.length === 0 ? "" : `; operands: ${operands.join(", ")}`;
    throw new ProgramError(`${name}: ${error.message}${list}`);
  }
}

interface InputAttributes extends TensorType {
  readonly name: string;
}

const inputOperation: Operation<InputAttributes> = {
  name: "input",
  type: (_, { shape, dtype }) => [{ shape, dtype }],
  lower: (_lowering, node) => [node.attributes.name],
};

/** Whether an input or output may be called so; names of other values within a graph hold a colon. */
export function isName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_./-]*$/.test(name);
}

/** A value that is supplied at each run: data, an index plan, or a parameter. */
export function input(name: string, shape: Shape, dtype: DType = "float32"): Tensor {
  if (!isName(name)) throw new ProgramError(`an input's name holds letters, digits and . _ / -, found "${name}"`);
  return applyOne(inputOperation, [], { name, shape: [...shape], dtype });
}

export function isInput(tensor: Tensor): tensor is Tensor & { readonly node: Node<InputAttributes> } {
  return tensor.node.operation === (inputOperation as Operation);
}

interface ConstantAttributes extends TensorType {
  readonly data: TypedArray;
}

const constantOperation: Operation<ConstantAttributes> = {
  name: "constant",
  type: (_, { shape, dtype, data }) => {
    if (data.length !== sizeOf(shape)) {
      throw new ProgramError(`shape ${formatShape(shape)} has ${sizeOf(shape)} elements, the data ${data.length}`);
    }
    return [{ shape, dtype }];
  },
  lower: (lowering, { attributes }) => [lowering.constant(attributes.data, attributes.shape, attributes.dtype)],
};

/** A value fixed when the program is built: a number, or row-major values with a shape. */
export function constant(values: number | ArrayLike<number>, shape: Shape = [], dtype: DType = "float32"): Tensor {
  const list = typeof values === "number" ? [values] : values;
  checkElements(list, dtype);
  return applyOne(constantOperation, [], { shape: [...shape], dtype, data: elementsOf(list, dtype) });
}

/** 0, 1, ..., size - 1 [size]. */
export function range(size: number, dtype: DType = "int32"): Tensor {
  return constant(
    Array.from({ length: size }, (_, index) => index),
    [size],
    dtype,
  );
}

/** A number that a dtype cannot hold would silently become another one. */
function checkElements(values: ArrayLike<number>, dtype: DType): void {
  const { range } = dtypes[dtype];
  if (range === undefined) return;
  const [least, largest] = range;
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (!Number.isInteger(value) || value < least || value > largest) {
      throw new ProgramError(`constant: ${dtype} holds whole numbers from ${least} to ${largest}, found ${value}`);
    }
  }
}

export function isConstant(tensor: Tensor): tensor is Tensor & { readonly node: Node<ConstantAttributes> } {
  return tensor.node.operation === (constantOperation as Operation);
}

/** The number that a scalar constant holds; `undefined` for any other tensor. */
export function scalarConstant(tensor: Tensor): number | undefined {
  return isConstant(tensor) && tensor.size === 1 ? Number(tensor.node.attributes.data[0]) : undefined;
}

/** All nodes that the given tensors are computed from, their own included, each after those that it reads. */
export function ancestors(tensors: readonly Tensor[]): Node[] {
  const found = new Set<Node>();
  const pending = tensors.map((tensor) => tensor.node);
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    for (const { node: source } of node.inputs) pending.push(source);
  }
  return [...found].sort((a, b) => a.id - b.id);
}
