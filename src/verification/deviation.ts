// How far what a device computes is from the same program in double precision.
import { type Arrays, type DeviceOptions, openEngine } from "../engine/index.js";
import { inFloat64, type Program, type TypedArray } from "../graph/index.js";

/** The largest difference of a program's outputs, and where it is. */
export interface Deviation {
  /** Relative to the largest value of the output; infinite where a result is no number. */
  readonly largest: number;
  readonly output: string;
}

/** Outputs whose values are all this much smaller than the program's largest are measured against that. */
const FLOOR = 1e-4;

/** Runs the program on each of the devices. Throws EngineError where one cannot. */
export async function deviationOf(
  program: Program,
  inputs: Arrays,
  device: DeviceOptions,
  exact: Readonly<Record<string, TypedArray>>,
): Promise<Deviation> {
  const executable = await openEngine(device).compile(program);
  const found = await executable.run(inputs);
  const largest = Math.max(...Object.values(exact).map(magnitude));
  const deviations = Object.entries(exact).map(([output, values]) => ({
    output,
    largest: difference(found[output]!, values) / Math.max(magnitude(values), FLOOR * largest, Number.MIN_VALUE),
  }));
  return deviations.reduce((worst, next) => (next.largest > worst.largest ? next : worst));
}

/** What the program computes in float64, on the CPU. */
export async function exactValues(program: Program, inputs: Arrays): Promise<Record<string, TypedArray>> {
  const executable = await openEngine().compile(inFloat64(program));
  const wide = Object.entries(inputs).map(([name, values]) => [
    name,
    values instanceof Float32Array ? Float64Array.from(values) : values,
  ]);
  return executable.run(Object.fromEntries(wide));
}

function magnitude(values: TypedArray): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(Number(value)));
  return largest;
}

function difference(found: TypedArray, exact: TypedArray): number {
  let largest = 0;
  for (const [index, value] of exact.entries()) {
    const distance = Math.abs(Number(found[index]) - Number(value));
    if (Number.isNaN(distance)) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, distance);
  }
  return largest;
}
