// The engines that a browser has: ONNX Runtime by WebAssembly on the processor, and by WebGPU on a GPU.

import {
  browserProviders,
  type EngineDefinition,
  type OnnxRuntime,
  OnnxRuntimeEngine,
  type Provider,
  registerEngine,
} from "../engine/index.js";
import { pageGlobals } from "./page-globals.js";

/**
 * Registers both over the build of ONNX Runtime that the page has loaded, under the devices that Node.js has too: `cpu` and
 * `webgpu`. Threads are those of the library (`env.wasm.numThreads`), which a page has only where it is isolated from others.
 */
export function registerBrowserEngines(library: OnnxRuntime): void {
  const runtime = compilingInTurn(library);
  registerEngine(
    definitionOf(runtime, browserProviders.cpu, async () => "WebAssembly computes on the CPU", "Use a newer browser"),
  );
  registerEngine(
    definitionOf(
      runtime,
      browserProviders.webgpu,
      async () => {
        if (!("gpu" in pageGlobals.navigator)) throw new Error("this browser has no WebGPU");
        return "WebGPU computes on the GPU";
      },
      "Use a browser with WebGPU, on a page of a secure address",
    ),
  );
}

function definitionOf(
  runtime: OnnxRuntime,
  provider: Provider,
  check: EngineDefinition["check"],
  remedy: string,
): EngineDefinition {
  return {
    device: provider.device,
    // Arrays live in the page's memory, and are copied to where the library computes at each run.
    inMainMemory: true,
    open: (options) => new OnnxRuntimeEngine(async () => runtime, provider, options),
    check,
    remedy,
  };
}

/** The library compiles one program at a time, and refuses another meanwhile. */
function compilingInTurn({ InferenceSession, Tensor }: OnnxRuntime): OnnxRuntime {
  type Create = OnnxRuntime["InferenceSession"]["create"];
  let last: Promise<unknown> = Promise.resolve();
  const create = (...given: Parameters<Create>) => {
    const next = last.then(() => InferenceSession.create(...given));
    last = next.catch(() => {});
    return next;
  };
  return { InferenceSession: { create: create as Create }, Tensor };
}
