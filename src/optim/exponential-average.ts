// A slowly moving average of a model's weights: the teacher of self-distillation.

import { type CompileOptions, compile, type FlatLayout } from "../engine/index.js";
import { defineProgram, input } from "../graph/index.js";

/** An average of values over steps. */
export interface ExponentialAverage {
  /** average = momentum * average + (1 - momentum) * values, in place. */
  update(momentum: number): Promise<void>;
}

/** Compiles the update for two flat buffers of one layout. */
export async function exponentialAverage<Key>(
  layout: FlatLayout<Key>,
  average: Float32Array,
  values: Float32Array,
  options: CompileOptions,
): Promise<ExponentialAverage> {
  const vector = (name: string) => input(name, [layout.chunk]);
  const scalar = (name: string) => input(name, [1]);
  const moved = vector("average")
    .mul(scalar("keep"))
    .add(vector("values").mul(scalar("take")));
  const executable = await compile(defineProgram("exponential-average", { moved }), options);
  const [keep, take] = [new Float32Array(1), new Float32Array(1)];
  const bindings = Array.from({ length: layout.length / layout.chunk }, (_, index) => {
    const chunk = layout.chunkOf(average, index);
    return executable.bind({ average: chunk, values: layout.chunkOf(values, index), keep, take }, { moved: chunk });
  });
  return {
    async update(momentum) {
      keep[0] = momentum;
      take[0] = 1 - momentum;
      for (const binding of bindings) await binding.run();
    },
  };
}
