// Compiling, binding and running programs.
import { describe, expect, test } from "vitest";
import { type Arrays, compile, EngineError } from "#src/engine/index.js";
import {
  allocate,
  apply,
  constant,
  type DType,
  defineProgram,
  input,
  type Operation,
  type TypedArray,
} from "#src/graph/index.js";

const options = { threads: 1 };
const x = input("x", [2, 2]);
const y = input("y", [2]);
const program = defineProgram("example", { sum: x.add(y), product: x.mul(y) });

describe("run", () => {
  test("returns new arrays each time", async () => {
    const executable = await compile(program, options);
    const inputs = { x: Float32Array.of(1, 2, 3, 4), y: Float32Array.of(10, 20) };
    const first = await executable.run(inputs);
    const second = await executable.run({ ...inputs, y: Float32Array.of(0, 0) });
    expect(first).toEqual({ sum: Float32Array.of(11, 22, 13, 24), product: Float32Array.of(10, 40, 30, 80) });
    expect(second.sum).toEqual(Float32Array.of(1, 2, 3, 4));
    expect(first.sum).toEqual(Float32Array.of(11, 22, 13, 24));
  });

  const samples: { readonly [D in DType]: TypedArray } = {
    float32: Float32Array.of(0.5, -1, Number.POSITIVE_INFINITY),
    float64: Float64Array.of(0.1, -1, Number.MAX_VALUE),
    int32: Int32Array.of(-(2 ** 31), 0, 2 ** 31 - 1),
    int64: BigInt64Array.of(-(2n ** 63n), 0n, 2n ** 63n - 1n),
    uint8: Uint8Array.of(0, 1, 255),
    bool: Uint8Array.of(0, 1, 1),
  };
  test.each(Object.keys(samples) as DType[])("passes %s through exactly", async (dtype) => {
    const executable = await compile(defineProgram("copy", { copy: input("value", [3], dtype) }), options);
    const { copy } = await executable.run({ value: samples[dtype] });
    expect(copy).toEqual(samples[dtype]);
    expect(copy).not.toBe(samples[dtype]);
  });

  test("takes scalars as arrays of one element", async () => {
    const executable = await compile(defineProgram("scalar", { twice: input("value", []).mul(2) }), options);
    expect(await executable.run({ value: Float32Array.of(4) })).toEqual({ twice: Float32Array.of(8) });
  });

  test("takes a program without inputs", async () => {
    const executable = await compile(defineProgram("fixed", { three: constant([1, 2], [2]).sum() }), options);
    expect(await executable.run({})).toEqual({ three: Float32Array.of(3) });
  });

  test("gives the same bits with any number of threads", async () => {
    const [a, b] = [input("a", [64, 96]), input("b", [96, 80])];
    const large = defineProgram("large", { product: a.matmul(b).gelu().softmax() });
    const inputs = {
      a: Float32Array.from({ length: 64 * 96 }, (_, index) => Math.sin(index)),
      b: Float32Array.from({ length: 96 * 80 }, (_, index) => Math.cos(index)),
    };
    const [one, two] = await Promise.all(
      [1, 2].map(async (threads) => (await compile(large, { threads })).run(inputs)),
    );
    expect(one).toEqual(two);
  });
});

describe("bind", () => {
  test("reads inputs and writes outputs in place, at every run", async () => {
    const executable = await compile(program, options);
    const inputs = { x: new Float32Array(4), y: Float32Array.of(1, 2) };
    const outputs = { sum: new Float32Array(4), product: new Float32Array(4) };
    const binding = executable.bind(inputs, outputs);
    await binding.run();
    expect(outputs.sum).toEqual(Float32Array.of(1, 2, 1, 2));
    inputs.x.set([5, 6, 7, 8]);
    await binding.run();
    expect(outputs).toEqual({ sum: Float32Array.of(6, 8, 8, 10), product: Float32Array.of(5, 12, 7, 16) });
  });

  test("takes views on a larger buffer, and writes nothing beside them", async () => {
    const executable = await compile(program, options);
    const buffer = new Float32Array(20).fill(-1);
    buffer.set([1, 2, 3, 4], 1);
    buffer.set([10, 20], 6);
    const view = (start: number, length: number) => buffer.subarray(start, start + length);
    await executable.bind({ x: view(1, 4), y: view(6, 2) }, { sum: view(9, 4), product: view(15, 4) }).run();
    expect([...buffer]).toEqual([-1, 1, 2, 3, 4, -1, 10, 20, -1, 11, 22, 13, 24, -1, -1, 10, 40, 30, 80, -1]);
  });

  test("may write an output over the input that it is made from, element by element", async () => {
    const executable = await compile(defineProgram("update", { next: x.mul(2).add(y) }), options);
    const value = Float32Array.of(1, 2, 3, 4);
    const binding = executable.bind({ x: value, y: Float32Array.of(1, 1) }, { next: value });
    for (let step = 0; step < 3; step++) await binding.run();
    expect(value).toEqual(Float32Array.of(15, 23, 31, 39));
  });

  test("keeps several bindings of one executable apart", async () => {
    const executable = await compile(defineProgram("double", { twice: y.mul(2) }), options);
    const [first, second] = [new Float32Array(2), new Float32Array(2)];
    const bindings = [
      executable.bind({ y: Float32Array.of(1, 2) }, { twice: first }),
      executable.bind({ y: Float32Array.of(3, 4) }, { twice: second }),
    ];
    for (const binding of bindings) await binding.run();
    expect([...first, ...second]).toEqual([2, 4, 6, 8]);
  });
});

describe("refuses", () => {
  const good: Arrays = { x: new Float32Array(4), y: new Float32Array(2) };
  const refusal = async (inputs: Arrays, outputs: Arrays) => {
    const executable = await compile(program, options);
    return () => executable.bind(inputs, outputs);
  };
  const outputs: Arrays = { sum: new Float32Array(4), product: new Float32Array(4) };

  test("a missing input or output, by name", async () => {
    expect(await refusal({ x: good.x! }, outputs)).toThrow('program example: input "y" is missing');
    expect(await refusal(good, { sum: outputs.sum! })).toThrow('program example: output "product" is missing');
  });

  test("an unknown input or output, and lists those that there are", async () => {
    expect(await refusal({ ...good, z: new Float32Array(1) }, outputs)).toThrow(
      'program example has no input "z"; it has x, y',
    );
    expect(await refusal(good, { ...outputs, z: new Float32Array(1) })).toThrow(
      'program example has no output "z"; it has sum, product',
    );
  });

  test("another size or dtype, and says what is expected and found", async () => {
    expect(await refusal({ ...good, x: new Float32Array(5) }, outputs)).toThrow(
      'program example: input "x" must be float32[2, 2], 4 elements; found Float32Array of 5 elements',
    );
    expect(await refusal({ ...good, x: new Float64Array(4) }, outputs)).toThrow(
      'program example: input "x" must be float32[2, 2], 4 elements; found Float64Array of 4 elements',
    );
    expect(await refusal(good, { ...outputs, sum: new Int32Array(4) })).toThrow(/output "sum" must be float32\[2, 2\]/);
    expect(await refusal(good, { ...outputs, sum: new Float32Array(4).subarray(1) })).toThrow(
      /found Float32Array of 3/,
    );
  });

  test("arrays on shared memory, which the engine cannot read", async () => {
    const shared = new Float32Array(new SharedArrayBuffer(16));
    expect(await refusal({ ...good, x: shared as TypedArray }, outputs)).toThrow(
      /program example: input "x" .*shared memory/,
    );
    expect(await refusal(good, { ...outputs, sum: shared as TypedArray })).toThrow(
      /program example: output "sum" .*shared memory/,
    );
  });

  test("all of it as an EngineError", async () => {
    expect(await refusal({}, outputs)).toThrow(EngineError);
  });

  test("a program that the engine cannot compile, and names program and device", async () => {
    const strange: Operation<null> = {
      name: "strange",
      type: ([operand]) => [operand!],
      lower: (lowering, _, inputs) => [lowering.emit("NoSuchOperator", inputs)],
    };
    const [result] = apply(strange, [x], null);
    const compiling = compile(defineProgram("odd", { result: result! }), options);
    await expect(compiling).rejects.toThrow(EngineError);
    await expect(compiling).rejects.toThrow(/^program odd could not be compiled for cpu: .*NoSuchOperator/s);
  });
});

describe("allocate", () => {
  test("gives zeros in the array of each dtype", () => {
    const kinds = (["float32", "float64", "int32", "int64", "uint8", "bool"] as const).map((dtype) =>
      allocate(dtype, 2),
    );
    expect(kinds).toEqual([
      new Float32Array(2),
      new Float64Array(2),
      new Int32Array(2),
      new BigInt64Array(2),
      new Uint8Array(2),
      new Uint8Array(2),
    ]);
  });
});

test.each([1_000_000, -1, 2.5, Number.NaN])("%d threads are refused before any is started", async (threads) => {
  const refused = compile(program, { threads });
  await expect(refused).rejects.toThrow(EngineError);
  await expect(refused).rejects.toThrow(/^threads: expected a whole number from 0 to \d+, /);
});
