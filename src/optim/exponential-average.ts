// A slowly moving average of a model's weights: the teacher of self-distillation.

import type { DeviceArrays, Engine } from "../engine/index.js";
import { defineProgram, input, type Program } from "../graph/index.js";
import { bindParts } from "./parts.js";

/** An average of values over steps. */
export interface ExponentialAverage {
  /** average = momentum * average + (1 - momentum) * values, in place. */
  update(momentum: number): Promise<void>;
}

function averageProgram(size: number): Program {
  const kept = input("average", [size]).mul(input("keep", [1]));
  const taken = input("values", [size]).mul(input("take", [1]));
  return defineProgram("exponential-average", { moved: kept.add(taken) });
}

/** Compiles the update for two arrays of the same tensors. */
export async function exponentialAverage<Group>(
  engine: Engine,
  average: DeviceArrays<Group>,
  values: DeviceArrays<Group>,
): Promise<ExponentialAverage> {
  const [keep, take] = [new Float32Array(1), new Float32Array(1)];
  const bound = await bindParts(engine, { average, values }, averageProgram, (executable, arrays) =>
    executable.bind({ ...arrays, keep, take }, { moved: arrays.average }),
  );
  return {
    async update(momentum) {
      keep[0] = momentum;
      take[0] = 1 - momentum;
      for (const { binding } of bound) await binding.run();
    },
  };
}
