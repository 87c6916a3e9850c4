// Runs a few tensors once on the CPU.

import { type Arrays, compile } from "#src/engine/index.js";
import { defineProgram, type Tensor } from "#src/graph/index.js";

/** The values of the given tensors by name; inputs that none of them depends on are left aside. */
export async function evaluate<Name extends string>(
  outputs: Readonly<Record<Name, Tensor>>,
  inputs: Arrays = {},
): Promise<Record<Name, number[]>> {
  const program = defineProgram("evaluate", outputs);
  const executable = await compile(program, { threads: 1 });
  const read = Object.entries(inputs).filter(([name]) => program.inputs.has(name));
  const results = await executable.run(Object.fromEntries(read));
  return Object.fromEntries(
    Object.entries(results).map(([name, values]) => [name, Array.from(values, Number)]),
  ) as Record<Name, number[]>;
}
