// Adding up the gradients of a batch that is computed in parts.

import { type Binding, type CompileOptions, compile, type FlatLayout } from "../engine/index.js";
import { defineProgram, input } from "../graph/index.js";

/** Compiles `total += part` over flat buffers of a layout; each run adds once. */
export async function accumulator<Key>(
  layout: FlatLayout<Key>,
  total: Float32Array,
  part: Float32Array,
  options: CompileOptions,
): Promise<Binding> {
  const sum = input("total", [layout.chunk]).add(input("part", [layout.chunk]));
  const executable = await compile(defineProgram("accumulate", { sum }), options);
  const bindings = Array.from({ length: layout.length / layout.chunk }, (_, index) => {
    const chunk = layout.chunkOf(total, index);
    return executable.bind({ total: chunk, part: layout.chunkOf(part, index) }, { sum: chunk });
  });
  return {
    run: async () => {
      for (const binding of bindings) await binding.run();
    },
  };
}
