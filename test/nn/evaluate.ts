// Runs a few tensors once and returns their values as plain numbers, and makes random values for inputs.

import { type Arrays, compile } from "#src/engine/index.js";
import { defineProgram, type Tensor } from "#src/graph/index.js";
import type { Parameter } from "#src/nn/parameters.js";
import { randomStream } from "#src/random/index.js";

/** The outputs as lists of numbers, row by row; booleans as 0 and 1. Inputs that the outputs do not need are left out. */
export async function evaluate<Name extends string>(
  outputs: Readonly<Record<Name, Tensor>>,
  inputs: Arrays = {},
): Promise<Record<Name, number[]>> {
  const program = defineProgram("test", outputs);
  const executable = await compile(program, { threads: 1 });
  const needed = Object.entries(inputs).filter(([name]) => program.inputs.has(name));
  const results = await executable.run(Object.fromEntries(needed));
  const lists = Object.entries(results).map(([name, values]) => [name, Array.from(values, Number)]);
  return Object.fromEntries(lists) as Record<Name, number[]>;
}

/** Normally distributed values that depend on the name and the seed alone. */
export function randomValues(name: string, length: number, seed = 1, deviation = 1): Float32Array {
  const stream = randomStream(seed, `values ${name}`, 0, 0);
  return Float32Array.from({ length }, () => deviation * stream.normal());
}

/** Values for parameters, away from their neutral starts: nothing hides behind a zero bias or a norm's one. */
export function randomWeights(
  parameters: readonly Parameter[],
  seed = 1,
  deviation = 0.3,
): Record<string, Float32Array> {
  return Object.fromEntries(
    parameters.map(({ name, tensor }) => [name, randomValues(name, tensor.size, seed, deviation)]),
  );
}

/** The largest distance between two lists, relative to the largest value of the second, or to 1. */
export function distance(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  if (found.length !== wanted.length) return Number.POSITIVE_INFINITY;
  let [largest, scale] = [0, 1];
  for (let index = 0; index < wanted.length; index++) {
    const gap = Math.abs(found[index]! - wanted[index]!);
    if (Number.isNaN(gap)) return Number.NaN;
    largest = Math.max(largest, gap);
    scale = Math.max(scale, Math.abs(wanted[index]!));
  }
  return largest / scale;
}
