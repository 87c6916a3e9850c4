// What ONNX Runtime computes with: its execution providers, as its builds for Node.js and for browsers have them.
import type { Kernels } from "../../graph/index.js";

/** One of ONNX Runtime's execution providers. */
export interface Provider {
  /** As ONNX Runtime names it, and `--device` too. */
  readonly device: string;
  readonly kernels: Kernels;
}

const ofProcessor: Kernels = { contributed: ["Gelu", "FusedMatMul"], or: true, wholeNumbers: true };

/** By device: `cpu` is there in Node.js, `wasm` in browsers, `webgpu` in both. */
export const providers = {
  cpu: { device: "cpu", kernels: ofProcessor },
  wasm: { device: "wasm", kernels: ofProcessor },
  webgpu: { device: "webgpu", kernels: { contributed: ["Gelu"], or: false, wholeNumbers: false } },
} as const satisfies Readonly<Record<string, Provider>>;
