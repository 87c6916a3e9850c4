// Arithmetic with broadcasting and functions of one variable.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { input, type Tensor } from "#src/graph/index.js";
import { div, sub } from "#src/graph/operations/elementwise.js";
import { broadcastable, shapes, type Values } from "../arbitraries.js";
import { checkOnCpu, operationCase, testOperation } from "../check-operation.js";
import { broadcast, type Dense, dense, mapDense, zip } from "../dense.js";
import { erf } from "../special-functions.js";

type Binary = "add" | "sub" | "mul" | "div" | "maximum";

const REFERENCE: Readonly<Record<Binary, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  maximum: (a, b) => Math.max(a, b),
};
const BINARY = Object.keys(REFERENCE) as Binary[];

/** Operands for which no operation divides by a small number or meets a tie. */
function operands(values: Values, left: readonly number[], right: readonly number[]): [Dense, Dense] {
  return [values.evenGrid(left), values.oddGrid(right)];
}

describe.each(BINARY)("%s", (name) => {
  // Quotients by small numbers are steep, which finite differences do not like.
  const away = (x: Dense) => (name === "div" ? mapDense(x, (value) => value + 3 * Math.sign(value)) : x);

  testOperation("of two tensors that broadcast", broadcastable(2), ([left, right], values) => {
    const [a, b] = operands(values, left!, right!);
    const divisor = away(b);
    return operationCase({
      inputs: { a, b: divisor },
      compute: (t) => t.a[name](t.b),
      expected: zip([a, divisor], REFERENCE[name]),
    });
  });

  testOperation(
    "of operands that were expanded first",
    broadcastable(2),
    ([left, right], values) => {
      const shape = broadcast(left!, right!);
      const [a, b] = operands(values, left!, right!);
      const divisor = away(b);
      return operationCase({
        inputs: { a, b: divisor },
        compute: (t) => [
          t.a.expand(shape)[name](t.b),
          t.a[name](t.b.expand(shape)),
          t.a.expand(shape)[name](t.b.expand(shape)),
        ],
        expected: Array.from({ length: 3 }, () => zip([a, divisor], REFERENCE[name])),
      });
    },
    { runs: 8 },
  );

  testOperation(
    "with a number",
    fc.tuple(shapes({ maxRank: 2 }), fc.constantFrom(-3.5, 1, 0, 2)),
    ([shape, number], values) => {
      const a = values.oddGrid(shape);
      const operand = name === "div" && number === 0 ? 0.5 : number;
      return operationCase({
        inputs: { a },
        compute: (t) => t.a[name](operand),
        expected: mapDense(a, (value) => REFERENCE[name](value, operand)),
      });
    },
    { runs: 8 },
  );

  testOperation(
    "of a tensor with itself",
    shapes({ maxRank: 2 }),
    (shape, values) => {
      const a = away(values.oddGrid(shape));
      return operationCase({
        inputs: { a },
        // The tie of maximum(a, a) has no finite difference to compare to.
        compute: (t) => (name === "maximum" ? t.a.maximum(t.a.neg()) : t.a[name](t.a)),
        expected: mapDense(a, (value) => REFERENCE[name](value, name === "maximum" ? -value : value)),
      });
    },
    { runs: 8 },
  );

  testOperation(
    "of int32, division toward zero",
    broadcastable(2),
    ([left, right], values) => {
      const a = values.integers(left!, -9, 10);
      const b = values.integers(right!, 1, 5);
      return operationCase({
        inputs: { a, b },
        compute: (t) => t.a[name](t.b),
        expected: zip([a, b], (x, y) => Math.trunc(REFERENCE[name](x, y)) + 0),
      });
    },
    { runs: 8 },
  );

  testOperation(
    "of int64, division toward zero",
    broadcastable(2),
    ([left, right], values) => {
      const a = values.integers(left!, -9, 10, "int64");
      const b = values.integers(right!, 1, 5, "int64");
      return operationCase({
        inputs: { a, b },
        compute: (t) => t.a[name](t.b),
        expected: zip([a, b], (x, y) => Math.trunc(REFERENCE[name](x, y)) + 0),
      });
    },
    { runs: 8, leavesGpu: "no int64 arithmetic" },
  );

  test("refuses shapes that do not broadcast, and names the operands", () => {
    expect(() => input("left", [2, 3])[name](input("right", [2, 4]))).toThrow(
      new RegExp(`^${name}: shapes \\[2, 3\\] and \\[2, 4\\] do not broadcast; operands: .*"left".*"right"`),
    );
  });

  test("refuses differing dtypes and booleans", () => {
    expect(() => input("left", [2])[name](input("right", [2], "int32"))).toThrow(
      new RegExp(`^${name}: dtypes differ: float32 and int32; operands: .*"left".*"right"`),
    );
    const flag = input("flag", [2], "bool");
    expect(() => flag[name](flag)).toThrow(new RegExp(`^${name}: takes .*, found bool; operands: .*"flag"`));
  });
});

describe("numbers on the left", () => {
  testOperation(
    "of a difference and a quotient",
    shapes(),
    (shape, values) => {
      const a = values.floats(shape, 1, 3);
      return operationCase({
        inputs: { a },
        compute: (t) => [sub(1.5, t.a), div(2, t.a)],
        expected: [mapDense(a, (value) => 1.5 - value), mapDense(a, (value) => 2 / value)],
      });
    },
    { runs: 8 },
  );
});

describe("neutral numbers", () => {
  test("leave a tensor as it is", () => {
    const x = input("x", [2, 3]);
    for (const same of [x.add(0), x.sub(0), x.mul(1), x.div(1)]) expect(same).toBe(x);
  });
});

type Unary = "neg" | "exp" | "log" | "sqrt" | "abs" | "tanh" | "sigmoid" | "erf";

const UNARY: Readonly<
  Record<Unary, { readonly f: (x: number) => number; readonly domain: (v: Values, s: number[]) => Dense }>
> = {
  neg: { f: (x) => -x, domain: (v, s) => v.floats(s) },
  exp: { f: Math.exp, domain: (v, s) => v.floats(s) },
  log: { f: Math.log, domain: (v, s) => v.floats(s, 0.5, 5) },
  sqrt: { f: Math.sqrt, domain: (v, s) => v.floats(s, 0.5, 5) },
  abs: { f: Math.abs, domain: (v, s) => v.oddGrid(s) },
  tanh: { f: Math.tanh, domain: (v, s) => v.floats(s) },
  sigmoid: { f: (x) => 1 / (1 + Math.exp(-x)), domain: (v, s) => v.floats(s) },
  erf: { f: erf, domain: (v, s) => v.floats(s, -3, 3) },
};

describe.each(Object.keys(UNARY) as Unary[])("%s", (name) => {
  const { f, domain } = UNARY[name];
  testOperation("of a tensor", shapes(), (shape, values) => {
    const a = domain(values, shape);
    return operationCase({ inputs: { a }, compute: (t) => t.a[name](), expected: mapDense(a, f) });
  });

  test("refuses booleans, and names the operand", () => {
    expect(() => input("flag", [2], "bool")[name]()).toThrow(
      new RegExp(`^${name}: takes .*, found bool; operands: bool\\[2\\] \\("flag"\\)$`),
    );
  });
});

describe("neg of whole numbers", () => {
  for (const type of ["int32", "int64"] as const) {
    testOperation(
      type,
      shapes({ maxRank: 2 }),
      (shape, values) => {
        const a = values.integers(shape, -9, 10, type);
        return operationCase({ inputs: { a }, compute: (t) => t.a.neg(), expected: mapDense(a, (value) => 0 - value) });
      },
      { runs: 4, ...(type === "int64" && { leavesGpu: "no int64 arithmetic" }) },
    );
  }
});

describe("erf", () => {
  test("is exact to the last digits in float64, in the tails too", async () => {
    const points = [0, 1e-9, 0.1, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 5.9, 6, 7, 30];
    const x = dense([2 * points.length], [...points, ...points.map((point) => -point)]);
    const wrapped = operationCase({ inputs: { x }, compute: ({ x }): Tensor => x.erf(), expected: mapDense(x, erf) });
    await checkOnCpu(wrapped, 1e-6);
  });
});
