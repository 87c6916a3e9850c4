// Checks an operation on every engine: values against a direct computation, gradients against finite differences.
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Arrays, compile, type DeviceOptions } from "#src/engine/index.js";
import {
  allocate,
  type DType,
  defineProgram,
  gradients,
  input,
  type Program,
  type Tensor,
  type TypedArray,
} from "#src/graph/index.js";
import { webgpuMissing } from "../webgpu.js";
import { Values } from "./arbitraries.js";
import { type Dense, type ElementType, total } from "./dense.js";

/** A computation on named inputs, with the values that it must give. */
export interface OperationCase {
  readonly inputs: Readonly<Record<string, Dense>>;
  readonly compute: (tensors: Readonly<Record<string, Tensor>>) => readonly Tensor[];
  readonly expected: readonly Dense[];
}

/** Names the inputs in the types. */
export function operationCase<Inputs extends Readonly<Record<string, Dense>>>({
  inputs,
  compute,
  expected,
}: {
  readonly inputs: Inputs;
  readonly compute: (tensors: { readonly [Name in keyof Inputs]: Tensor }) => Tensor | readonly Tensor[];
  readonly expected: Dense | readonly Dense[];
}): OperationCase {
  return {
    inputs,
    compute: (tensors) => [compute(tensors as { [Name in keyof Inputs]: Tensor })].flat(),
    expected: [expected].flat(),
  };
}

export interface OperationTestOptions {
  /** Why the operation cannot run on the GPU without leaving it; it is then checked there with the CPU's help. */
  readonly leavesGpu?: string;
  /** Why the operation cannot run with a GPU engine at all. */
  readonly notOnGpu?: string;
  /** How far values and gradients may be off in float32, relative to the largest. */
  readonly tolerance?: number;
  readonly runs?: number;
  /** Each run compiles shaders, which takes a software driver long. */
  readonly gpuRuns?: number;
}

/** Tests a family of cases: on the CPU in float64 and float32, and on the GPU in float32. */
export function testOperation<Parameters>(
  name: string,
  parameters: fc.Arbitrary<Parameters>,
  build: (parameters: Parameters, values: Values) => OperationCase,
  { leavesGpu, notOnGpu, tolerance = 1e-5, runs = 10, gpuRuns = 1 }: OperationTestOptions = {},
): void {
  const cases = fc.tuple(parameters, fc.integer());
  const check = (numRuns: number, verify: (instance: OperationCase) => Promise<void>) =>
    fc.assert(
      fc.asyncProperty(cases, ([drawn, seed]) => verify(build(drawn, new Values(seed)))),
      { numRuns },
    );

  test(`${name}: values and gradients`, () => check(runs, (instance) => checkOnCpu(instance, tolerance)));

  test(`${name}: on WebGPU`, async ({ skip }) => {
    const missing = notOnGpu ?? (await webgpuMissing());
    skip(missing !== undefined, missing);
    await check(gpuRuns, (instance) =>
      checkOnWebgpu(instance, { strict: leavesGpu === undefined, tolerance: 10 * tolerance }),
    );
    // A software driver takes its time to compile shaders.
  }, 60_000);
}

/** Checks one case on the CPU. */
export async function checkOnCpu(instance: OperationCase, tolerance = 1e-5): Promise<void> {
  const exact = await evaluate(instance, "float64", { program: "values" });
  expectAll(exact.values, instance.expected, 1e-11, "float64 value");
  const slopes = await differences(instance);
  const { gradients: analytic } = await evaluate(instance, "float64", { program: "gradients" });
  expectAll(analytic, slopes, 1e-7, "float64 gradient");

  const forward = await evaluate(instance, "float32", { program: "values" });
  expectAll(forward.values, instance.expected, tolerance, "float32 value");
  const both = await evaluate(instance, "float32", { program: "both" });
  expectAll(both.values, instance.expected, tolerance, "float32 value beside gradients");
  expectAll(both.gradients, analytic, 10 * tolerance, "float32 gradient");
}

/** Checks one case on the GPU; the gradients are compared to those of the CPU in float64. */
export async function checkOnWebgpu(
  instance: OperationCase,
  { strict = true, tolerance = 1e-4 }: { readonly strict?: boolean; readonly tolerance?: number } = {},
): Promise<void> {
  const { gradients: exact } = await evaluate(instance, "float64", { program: "gradients" });
  const found = await evaluate(instance, "float32", { program: "both", device: "webgpu", strict });
  expectAll(found.values, instance.expected, tolerance, "WebGPU value");
  expectAll(found.gradients, exact, 10 * tolerance, "WebGPU gradient");
}

interface Evaluation {
  readonly values: readonly Dense[];
  /** One for each floating input, in the order of the inputs; none where no output is floating. */
  readonly gradients: readonly Dense[];
}

type Floating = "float32" | "float64";

interface EvaluationOptions extends DeviceOptions {
  readonly program: "values" | "gradients" | "both";
}

/** Runs the case's outputs, or the gradients of their sum weighted by `cotangents`, or both in one program. */
async function evaluate(instance: OperationCase, floating: Floating, options: EvaluationOptions): Promise<Evaluation> {
  const { program: which, ...compileOptions } = options;
  const tensors = inputTensors(instance, floating);
  const outputs = instance.compute(tensors);
  const named: Record<string, Tensor> = {};
  if (which !== "gradients") for (const [index, output] of outputs.entries()) named[`value${index}`] = output;
  const feeds = { ...instance.inputs };
  const leaves = floatingInputs(instance);
  const weighted = outputs.flatMap((output, index) => {
    if (!isFloating(output.dtype)) return [];
    const weights = cotangent(instance, index);
    feeds[`cotangent${index}`] = weights;
    const parameter = input(`cotangent${index}`, weights.shape, floating);
    return [output.cast(floating).mul(parameter).sum()];
  });
  const differentiates = which !== "values" && leaves.length > 0 && weighted.length > 0;
  if (differentiates) {
    const objective = weighted.reduce((sum, term) => sum.add(term));
    const slopes = gradients(
      objective,
      leaves.map((name) => tensors[name]!),
    );
    for (const [index, slope] of slopes.entries()) named[`gradient${index}`] = slope;
  }
  if (Object.keys(named).length === 0) return { values: [], gradients: [] };

  const program = defineProgram("check", named);
  const executable = await compile(program, { threads: 1, ...compileOptions });
  const results = await executable.run(arraysFor(program, feeds, floating));
  const read = (name: string): Dense => {
    const { shape, dtype } = program.outputs.get(name)!;
    return { shape, data: Array.from(results[name]!, Number), type: isFloating(dtype) ? "float" : dtype };
  };
  return {
    values: which === "gradients" ? [] : outputs.map((_, index) => read(`value${index}`)),
    gradients: differentiates ? leaves.map((_, index) => read(`gradient${index}`)) : [],
  };
}

const STEP = 1e-5;

/** Central differences of the weighted sum of the outputs, in float64, for each element of each floating input. */
async function differences(instance: OperationCase): Promise<Dense[]> {
  const outputs = instance.compute(inputTensors(instance, "float64"));
  const floating = [...outputs.entries()].filter(([, output]) => isFloating(output.dtype));
  const leaves = floatingInputs(instance);
  if (floating.length === 0 || leaves.length === 0) return [];
  const program = defineProgram("values", Object.fromEntries(floating.map(([index, output]) => [`v${index}`, output])));
  const executable = await compile(program, { threads: 1 });
  const feeds = arraysFor(program, instance.inputs, "float64");
  const results: Record<string, TypedArray> = {};
  for (const [name, { dtype, size }] of program.outputs) results[name] = allocate(dtype, size);
  const binding = executable.bind(feeds, results);
  const objective = async () => {
    await binding.run();
    return total(
      floating.map(([index]) => {
        const { data } = cotangent(instance, index);
        return total(data.map((weight, place) => weight * Number(results[`v${index}`]![place])));
      }),
    );
  };

  const slopes: Dense[] = [];
  for (const name of leaves) {
    const { shape, data } = instance.inputs[name]!;
    const array = feeds[name] as Float64Array | undefined;
    const slope = new Array<number>(data.length).fill(0);
    for (const [place, value] of data.entries()) {
      if (array === undefined || !Number.isFinite(value)) continue;
      array[place] = value + STEP;
      const above = await objective();
      array[place] = value - STEP;
      slope[place] = (above - (await objective())) / (2 * STEP);
      array[place] = value;
    }
    slopes.push({ shape, data: slope, type: "float" });
  }
  return slopes;
}

function inputTensors({ inputs }: OperationCase, floating: Floating): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, type }]) => [name, input(name, shape, dtypeOf(type, floating))]),
  );
}

function floatingInputs({ inputs }: OperationCase): string[] {
  return Object.keys(inputs).filter((name) => inputs[name]!.type === "float");
}

/** What the elements of an output are weighted with. */
function cotangent({ expected }: OperationCase, index: number): Dense {
  return new Values(index + 1).floats(expected[index]!.shape, -1, 1);
}

function isFloating(dtype: DType): dtype is Floating {
  return dtype === "float32" || dtype === "float64";
}

export function dtypeOf(type: ElementType, floating: Floating): DType {
  return type === "float" ? floating : type;
}

/** The arrays of those inputs that a program has. */
function arraysFor(program: Program, inputs: Readonly<Record<string, Dense>>, floating: Floating): Arrays {
  return Object.fromEntries([...program.inputs.keys()].map((name) => [name, toArray(inputs[name]!, floating)]));
}

export function toArray({ data, type }: Dense, floating: Floating): TypedArray {
  const array = allocate(dtypeOf(type, floating), data.length);
  if (array instanceof BigInt64Array) array.set(data.map(BigInt));
  else array.set(data);
  return array;
}

/** Compares arrays; floats by their distance relative to the largest of them, or to 1. */
export function expectAll(found: readonly Dense[], wanted: readonly Dense[], tolerance: number, what: string): void {
  expect(
    found.map(({ shape, type }) => ({ shape, type })),
    what,
  ).toEqual(wanted.map(({ shape, type }) => ({ shape, type })));
  for (const [index, { data, type }] of wanted.entries()) {
    const scale = Math.max(1, ...data.filter(Number.isFinite).map(Math.abs));
    const allowed = type === "float" ? tolerance * scale : 0;
    for (const [place, value] of data.entries()) {
      const other = found[index]!.data[place]!;
      const agrees = Number.isFinite(value) ? Math.abs(other - value) <= allowed : Object.is(other, value);
      if (agrees) continue;
      expect.fail(
        `${what} ${index} of shape [${wanted[index]!.shape}]: element ${place} is ${other}, expected ${value}`,
      );
    }
  }
}
