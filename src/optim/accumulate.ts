// Adding up the gradients of a batch that is computed in parts.

import type { Binding, DeviceArrays, Engine } from "../engine/index.js";
import { defineProgram, input } from "../graph/index.js";
import { bindParts } from "./parts.js";

/** Compiles `total += part` over arrays of the same tensors; each run adds once. */
export async function accumulator<Group>(
  engine: Engine,
  total: DeviceArrays<Group>,
  part: DeviceArrays<Group>,
): Promise<Binding> {
  const sum = (size: number) => input("total", [size]).add(input("part", [size]));
  const bound = await bindParts(
    engine,
    { total, part },
    (size) => defineProgram("accumulate", { sum: sum(size) }),
    (executable, arrays) => executable.bind(arrays, { sum: arrays.total }),
  );
  return {
    run: async () => {
      for (const { binding } of bound) await binding.run();
    },
  };
}
