// The engines that Node.js has: ONNX Runtime on the CPU, and by WebGPU on a GPU.

import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { EngineError } from "../errors.js";
import { threadsProblem } from "../machine.js";
import { type EngineDefinition, registerEngine } from "../registry.js";
import { OnnxRuntimeEngine } from "./engine.js";
import { type Provider, providers } from "./providers.js";
// Before anything loads the library, and on the main thread in any case.
import "./telemetry-off.js";

type Described = Pick<EngineDefinition, "inMainMemory" | "remedy"> & { readonly computes: () => string };

function definitionOf(provider: Provider, { computes, ...described }: Described): EngineDefinition {
  const { device } = provider;
  return {
    ...described,
    device,
    open(options) {
      const problem = threadsProblem(options.threads ?? 0);
      if (problem !== undefined) throw new EngineError(`threads: ${problem}`);
      return new OnnxRuntimeEngine(() => import("./node.js"), provider, options);
    },
    async check() {
      const script = fileURLToPath(new URL("./probe.js", import.meta.url));
      await promisify(execFile)(process.execPath, [script, device], { timeout: 60_000 });
      return computes();
    },
  };
}

function version(): string {
  return (createRequire(import.meta.url)("onnxruntime-node/package.json") as { version: string }).version;
}

registerEngine(
  definitionOf(providers.cpu, {
    inMainMemory: true,
    computes: () => `ONNX Runtime ${version()}; computes on the CPU`,
    remedy:
      "Nothing can be trained without it. Run npm ci again; supported are Linux, macOS and Windows on x64 and arm64",
  }),
);
registerEngine(
  definitionOf(providers.webgpu, {
    inMainMemory: false,
    computes: () => "the engine computes on it: --device webgpu",
    remedy:
      "Enables --device webgpu. Needs a GPU and its driver: Vulkan on Linux (Debian: libvulkan1), Metal on macOS, D3D12 on Windows",
  }),
);
