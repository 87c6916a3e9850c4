// What the kernels of ONNX Runtime's two providers can do, for tests that emit without an engine.
import type { Kernels } from "#src/graph/index.js";

export const cpuKernels: Kernels = { contributed: ["Gelu", "FusedMatMul"], or: true, wholeNumbers: true };
export const webgpuKernels: Kernels = { contributed: ["Gelu"], or: false, wholeNumbers: false };
