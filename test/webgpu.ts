// Whether programs can run on WebGPU here.

import { compile } from "#src/engine/index.js";
import { defineProgram, input } from "#src/graph/index.js";

let missing: Promise<string | undefined> | undefined;

/** Why there is no WebGPU; `undefined` where there is. */
export function webgpuMissing(): Promise<string | undefined> {
  missing ??= probe();
  return missing;
}

async function probe(): Promise<string | undefined> {
  const doubled = input("x", [1]).mul(2);
  try {
    await compile(defineProgram("probe", { doubled }), { device: "webgpu", strict: true });
    return undefined;
  } catch (error) {
    return `no WebGPU driver: ${(error as Error).message}`;
  }
}
