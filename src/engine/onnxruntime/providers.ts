// What ONNX Runtime computes with: its execution providers, as its builds for Node.js and for browsers have them.
import type { Kernels } from "../../graph/index.js";

/** One of ONNX Runtime's execution providers. */
export interface Provider {
  /** As `--device` names it. */
  readonly device: string;
  /** As ONNX Runtime names it. */
  readonly name: string;
  readonly kernels: Kernels;
  /** Whether it writes results to the arrays that it is given; else it returns arrays of its own. */
  readonly fillsOutputs: boolean;
}

const ofProcessor: Kernels = { contributed: ["Gelu", "FusedMatMul"], or: true, wholeNumbers: true };
const ofGpu: Kernels = { contributed: ["Gelu"], or: false, wholeNumbers: false };

/** By device, of the build for Node.js. */
export const providers = {
  cpu: { device: "cpu", name: "cpu", kernels: ofProcessor, fillsOutputs: true },
  webgpu: { device: "webgpu", name: "webgpu", kernels: ofGpu, fillsOutputs: true },
} as const satisfies Readonly<Record<string, Provider>>;

/** By device, of the build for browsers, where WebAssembly computes on the processor. */
export const browserProviders = {
  cpu: { device: "cpu", name: "wasm", kernels: ofProcessor, fillsOutputs: false },
  webgpu: { device: "webgpu", name: "webgpu", kernels: ofGpu, fillsOutputs: false },
} as const satisfies Readonly<Record<string, Provider>>;
