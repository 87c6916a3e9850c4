// What an operation's ONNX form is written with.

import type { DType, TypedArray } from "./dtypes.js";
import type { OnnxAttribute } from "./onnx-model.js";
import type { Shape } from "./shape.js";
import type { Tensor } from "./tensor.js";

/** Exact GELU, and batched float32 products with operands transposed in place. */
export type ContributedOperator = "Gelu" | "FusedMatMul";

/** What an engine's kernels can do beyond what all can; emission writes the rest in other words. */
export interface Kernels {
  /** Operators of ONNX Runtime's own domain, used only where they are measurably faster. */
  readonly contributed: readonly ContributedOperator[];
  /** `Or` of two bools. */
  readonly or: boolean;
  /** `Neg` and `Slice` of whole numbers. */
  readonly wholeNumbers: boolean;
}

/** Those that every runtime has. */
export const standardKernels: Kernels = { contributed: [], or: true, wholeNumbers: true };

/** How an operation is emitted as an ONNX node. */
export interface EmitOptions {
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
  /** The number of outputs; one where left out. */
  readonly outputs?: number;
  /** True for an operator of ONNX Runtime's own domain. */
  readonly contributed?: boolean;
}

/** What an operation is given to become ONNX nodes. */
export interface Lowering {
  readonly kernels: Kernels;
  /** Emits a node with several outputs; an equal node that exists already is reused. */
  emitAll(type: string, inputs: readonly string[], options?: EmitOptions): readonly string[];
  /** Emits a node with one output. */
  emit(type: string, inputs: readonly string[], options?: EmitOptions): string;
  /** A constant; equal ones are stored once. */
  constant(data: TypedArray, shape: Shape, dtype: DType): string;
  /** A constant vector of whole numbers, as shapes and axes are given. */
  integers(values: readonly number[]): string;
  /** A constant scalar. */
  scalar(value: number, dtype: DType): string;
  /** Whether anything reads this tensor, so that an output kept for the gradient can be left out. */
  isUsed(tensor: Tensor): boolean;
}
