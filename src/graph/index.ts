// Differentiable tensor programs: symbolic tensors, their operations and gradients, and the ONNX graphs they become.
import "./methods.js";

export { emitOnnx } from "./emit.js";
export { ProgramError } from "./errors.js";
export { gradients } from "./gradients.js";
export type { Device, EmitOptions, Lowering } from "./lowering.js";
export { encodeOnnxModel, type OnnxModel } from "./onnx-model.js";
export type { Operand } from "./operations/elementwise.js";
export { concat } from "./operations/layout.js";
export type { MatmulOptions, ProductSizes } from "./operations/matmul.js";
export { patchConvolution, patchify } from "./operations/patches.js";
export type { ReduceOptions } from "./operations/reduce.js";
export { countMultiplyAdds, defineProgram, matrixProducts, type Program } from "./program.js";
export { formatShape, type Shape, sizeOf } from "./shape.js";
export { apply, constant, type DType, input, type Node, type Operation, Tensor, type TensorType } from "./tensor.js";
