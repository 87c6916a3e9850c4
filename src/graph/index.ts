// Differentiable tensor programs: symbolic tensors, their operations and gradients, and the ONNX graphs they become.
import "./with-methods.js";

export { type ArrayOf, allocate, type DType, dtypes, holds, type TypedArray } from "./dtypes.js";
export { emitOnnx } from "./emit.js";
export { ProgramError } from "./errors.js";
export { type GradientOptions, gradients } from "./gradients.js";
export { inFloat64 } from "./in-float64.js";
export { type EmitOptions, type Kernels, type Lowering, standardKernels } from "./lowering.js";
export { encodeOnnxModel, type OnnxModel } from "./onnx-model.js";
export { emitWithOpenBatch } from "./open-batch.js";
export type { BatchNormalized } from "./operations/channel-norms.js";
export type { ConvolutionOptions } from "./operations/convolution.js";
export type { Operand } from "./operations/elementwise.js";
export { concat } from "./operations/layout.js";
export type { MatmulOptions, ProductSizes } from "./operations/matmul.js";
export { patchConvolution, patchify } from "./operations/patches.js";
export type { ReduceOptions } from "./operations/reduce.js";
export { type RegionOptions, regionAlign } from "./operations/region-align.js";
export { countMultiplyAdds, defineProgram, matrixProducts, type Program } from "./program.js";
export { recomputable } from "./region.js";
export { formatShape, type Shape, sizeOf } from "./shape.js";
export {
  apply,
  constant,
  input,
  type Node,
  type Operation,
  range,
  Tensor,
  type TensorType,
} from "./tensor.js";
