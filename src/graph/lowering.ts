// What an operation's ONNX form is written with.
import type { OnnxAttribute } from "./onnx-model.js";
import type { Shape } from "./shape.js";
import type { ConstantData, DType, Tensor } from "./tensor.js";

/** Where a program will run. The two engines do not have the same kernels. */
export type Device = "cpu" | "webgpu";

/** How an operation is emitted as an ONNX node. */
export interface EmitOptions {
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
  /** The number of outputs; one where left out. */
  readonly outputs?: number;
  /** True for an operator of ONNX Runtime's own domain, used only where it is measurably faster. */
  readonly contributed?: boolean;
}

/** What an operation is given to become ONNX nodes. */
export interface Lowering {
  readonly device: Device;
  /** Emits a node with several outputs; an equal node that exists already is reused. */
  emitAll(type: string, inputs: readonly string[], options?: EmitOptions): readonly string[];
  /** Emits a node with one output. */
  emit(type: string, inputs: readonly string[], options?: EmitOptions): string;
  /** A constant; equal ones are stored once. */
  constant(data: ConstantData, shape: Shape, dtype: DType): string;
  /** A constant vector of whole numbers, as shapes and axes are given. */
  integers(values: readonly number[]): string;
  /** A constant scalar. */
  scalar(value: number, dtype: DType): string;
  /** Whether anything reads this tensor, so that an output kept for the gradient can be left out. */
  isUsed(tensor: Tensor): boolean;
}
