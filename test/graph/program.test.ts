// What a program is made of: names of inputs and outputs, constants, and its work.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  constant,
  countMultiplyAdds,
  defineProgram,
  gradients,
  input,
  matrixProducts,
  ProgramError,
} from "#src/graph/index.js";

describe("defineProgram", () => {
  const x = input("x", [2, 3]);

  test("takes as inputs what the outputs depend on, and nothing else", () => {
    const [y, z] = [input("y", [3], "float32"), input("z", [2], "int32")];
    const program = defineProgram("p", { sum: x.add(y), index: z });
    expect([...program.inputs].map(([name, { shape, dtype }]) => [name, shape, dtype])).toEqual([
      ["x", [2, 3], "float32"],
      ["y", [3], "float32"],
      ["z", [2], "int32"],
    ]);
    expect([...program.outputs.keys()]).toEqual(["sum", "index"]);
  });

  test("refuses two inputs of one name", () => {
    expect(() => defineProgram("step", { sum: x.add(input("x", [3])) })).toThrow(
      /^program step: two inputs share a name: float32\[2, 3\] \("x"\) and float32\[3\] \("x"\)/,
    );
  });

  test("refuses an output with the name of an input, even of its own", () => {
    expect(() => defineProgram("step", { x: x.mul(2) })).toThrow(
      /^program step: "x" names both an input and an output/,
    );
    expect(() => defineProgram("step", { x })).toThrow(ProgramError);
  });

  test("refuses to have no outputs", () => {
    expect(() => defineProgram("step", {})).toThrow(/^program step: has no outputs/);
  });

  test.each(["", "a b", "1x", "Mul:0", "é"])("refuses the name %j for an output", (name) => {
    expect(() => defineProgram("step", { [name]: x.mul(2) })).toThrow(/^program step: a name .*letters, digits/);
  });
});

describe("input", () => {
  test.each(["x", "blocks.0.attn.qkv.weight", "gradient/cls_token", "_a-b"])("takes the name %s", (name) => {
    expect(input(name, [1]).toString()).toBe(`float32[1] ("${name}")`);
  });

  test.each(["", "1x", "a b", "x:0", "é", "x\n"])("refuses the name %j", (name) => {
    expect(() => input(name, [1])).toThrow(/^an input's name holds letters, digits and \. _ \/ -, found/);
  });

  test.each([[[0]], [[-1]], [[1.5]], [[Number.NaN]], [[2 ** 53]]])("refuses the shape %j", (shape) => {
    expect(() => input("x", shape)).toThrow(/^input: a shape holds whole numbers of at least 1, found \[/);
  });

  test("does not change with the array that its shape was given in", () => {
    const shape = [2, 3];
    const x = input("x", shape);
    shape[0] = 7;
    expect(x.shape).toEqual([2, 3]);
  });
});

describe("constant", () => {
  test("refuses another number of elements than its shape has", () => {
    expect(() => constant([1, 2, 3], [2])).toThrow(/^constant: shape \[2\] has 2 elements, the data 3/);
  });

  test.each([
    ["int32", 0.5],
    ["int32", 2 ** 31],
    ["int64", 0.25],
    ["int64", 2 ** 53],
    ["uint8", 256],
    ["uint8", -1],
    ["bool", 2],
    ["int32", Number.NaN],
  ] as const)("refuses what %s does not hold: %s", (dtype, value) => {
    expect(() => constant(value, [], dtype)).toThrow(new RegExp(`^constant: ${dtype} holds whole numbers .* found `));
  });

  test("so a fraction does not meet whole numbers unnoticed", () => {
    expect(() => input("i", [2], "int32").mul(0.5)).toThrow(/^constant: int32 holds whole numbers/);
  });

  test("does not change with the array that it was given in", () => {
    const values = Float32Array.of(1, 2);
    const fixed = constant(values, [2]);
    values[0] = 7;
    expect([...(fixed.node.attributes as { data: Float32Array }).data]).toEqual([1, 2]);
  });
});

describe("messages", () => {
  test("name what an operand results from", () => {
    const x = input("x", [2]);
    expect(() => x.exp().add(input("blocks.0.norm1.weight", [3]))).toThrow(
      'add: shapes [2] and [3] do not broadcast; operands: float32[2] (result of exp), float32[3] ("blocks.0.norm1.weight")',
    );
  });
});

describe("a program's work", () => {
  test("is the multiply-adds of its products, gradients included", () => {
    fc.assert(
      fc.property(fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 1, max: 5 }))), ([b, m, k, n]) => {
        const [x, w] = [input("x", [b!, m!, k!]), input("w", [b!, n!, k!])];
        const y = x.matmul(w.transpose([0, 2, 1]));
        const work = b! * m! * k! * n!;
        expect(countMultiplyAdds(defineProgram("forward", { y }))).toBe(work);
        expect(matrixProducts(defineProgram("forward", { y }))).toEqual([{ batch: b, m, k, n }]);
        const [toX, toW] = gradients(y.mul(input("g", y.shape)).sum(), [x, w]);
        expect(countMultiplyAdds(defineProgram("backward", { toX: toX!, toW: toW! }))).toBe(2 * work);
      }),
    );
  });
});
