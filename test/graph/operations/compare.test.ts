// Comparisons, logic, selection, and conversion between dtypes.
import { describe, expect, test } from "vitest";
import { type DType, gradients, input } from "#src/graph/index.js";
import { broadcastable, shapes } from "../arbitraries.js";
import { operationCase, testOperation } from "../check-operation.js";
import { at, broadcast, type Dense, dense, type ElementType, mapDense, tabulate, zip } from "../dense.js";
import { evaluate } from "../evaluate.js";

type Comparison = "less" | "greaterOrEqual" | "equal";

const COMPARISONS: Readonly<Record<Comparison, (a: number, b: number) => boolean>> = {
  less: (a, b) => a < b,
  greaterOrEqual: (a, b) => a >= b,
  equal: (a, b) => a === b,
};

describe.each(Object.keys(COMPARISONS) as Comparison[])("%s", (name) => {
  const reference = (a: Dense, b: Dense) => zip([a, b], (x, y) => Number(COMPARISONS[name](x, y)), "bool");

  for (const type of ["float", "int32", "int64"] as const) {
    const gpu = type === "int64" ? { leavesGpu: "no comparison of int64" } : {};
    testOperation(
      `of ${type}`,
      broadcastable(2),
      ([left, right], values) => {
        const a = values.integers(left!, -2, 3, type);
        const b = values.integers(right!, -2, 3, type);
        return operationCase({ inputs: { a, b }, compute: (t) => t.a[name](t.b), expected: reference(a, b) });
      },
      { runs: 6, ...gpu },
    );
  }

  testOperation(
    "with a number",
    shapes(),
    (shape, values) => {
      const a = values.integers(shape, -2, 3, "float");
      const expected = mapDense(a, (value) => Number(COMPARISONS[name](value, 1)), "bool");
      return operationCase({ inputs: { a }, compute: (t) => t.a[name](1), expected });
    },
    { runs: 6 },
  );

  test("refuses what does not fit, and names the operands", () => {
    expect(() => input("left", [2])[name](input("right", [3]))).toThrow(
      new RegExp(`^${name}: shapes \\[2\\] and \\[3\\] do not broadcast; operands: .*"left".*"right"`),
    );
    expect(() => input("left", [2])[name](input("right", [2], "int64"))).toThrow(/dtypes differ: float32 and int64/);
    expect(() => input("flag", [2], "bool")[name](1)).toThrow(new RegExp(`^${name}: takes .*found bool.*"flag"`));
  });
});

describe("logic", () => {
  testOperation("and, or, not", broadcastable(2), ([left, right], values) => {
    const a = values.booleans(left!);
    const b = values.booleans(right!);
    return operationCase({
      inputs: { a, b },
      compute: (t) => [t.a.and(t.b), t.a.or(t.b), t.a.not()],
      expected: [zip([a, b], (x, y) => x & y), zip([a, b], (x, y) => x | y), mapDense(a, (x) => 1 - x)],
    });
  });

  test("takes booleans alone", () => {
    const [flag, number] = [input("flag", [2], "bool"), input("number", [2])];
    expect(() => flag.and(number)).toThrow(/^and: dtypes differ: bool and float32; operands: .*"flag".*"number"/);
    expect(() => number.or(flag)).toThrow(/^or: takes bool, found float32; operands: .*"number".*"flag"/);
    expect(() => number.not()).toThrow(/^not: takes bool, found float32; operands: float32\[2\] \("number"\)/);
    expect(() => flag.and(input("other", [3], "bool"))).toThrow(/^and: shapes \[2\] and \[3\] do not broadcast/);
  });
});

describe("select", () => {
  const choose = (condition: Dense, a: Dense, b: Dense) =>
    tabulate(
      broadcast(condition.shape, a.shape, b.shape),
      (index) => (at(condition, index) ? at(a, index) : at(b, index)),
      a.type,
    );

  testOperation("of two tensors that broadcast with the condition", broadcastable(3), ([s, l, r], values) => {
    const condition = values.booleans(s!);
    const [a, b] = [values.floats(l!), values.floats(r!)];
    return operationCase({
      inputs: { condition, a, b },
      compute: (t) => t.condition.select(t.a, t.b),
      expected: choose(condition, a, b),
    });
  });

  testOperation("of operands that were expanded first", broadcastable(3), ([s, l, r], values) => {
    const condition = values.booleans(s!);
    const [a, b] = [values.floats(l!), values.floats(r!)];
    const shape = broadcast(s!, l!, r!);
    return operationCase({
      inputs: { condition, a, b },
      compute: (t) => t.condition.select(t.a.expand(shape), t.b.expand(shape)),
      expected: choose(condition, a, b),
    });
  });

  testOperation("of a tensor and a number, either way round", broadcastable(2), ([s, l], values) => {
    const condition = values.booleans(s!);
    const a = values.floats(l!);
    const half = dense([], [0.5]);
    return operationCase({
      inputs: { condition, a },
      compute: (t) => [t.condition.select(t.a, 0.5), t.condition.select(0.5, t.a)],
      expected: [choose(condition, a, half), choose(condition, half, a)],
    });
  });

  for (const type of ["int32", "int64"] as const) {
    const gpu = type === "int64" ? { leavesGpu: "no selection of int64" } : {};
    testOperation(
      `of ${type}`,
      broadcastable(3),
      ([s, l, r], values) => {
        const condition = values.booleans(s!);
        const [a, b] = [values.integers(l!, -5, 6, type), values.integers(r!, -5, 6, type)];
        return operationCase({
          inputs: { condition, a, b },
          compute: (t) => t.condition.select(t.a, t.b),
          expected: choose(condition, a, b),
        });
      },
      { runs: 5, ...gpu },
    );
  }

  test("passes no gradient through the choice that was not taken, even where it is not finite", async () => {
    // The usual trap of masking is 0 * infinity; selection multiplies nothing.
    const [x, isPositive] = [input("x", [3]), input("isPositive", [3], "bool")];
    const root = isPositive.select(x, 1).sqrt();
    const { slope } = await evaluate(
      { slope: gradients(isPositive.select(root, 0).sum(), [x])[0]! },
      { x: Float32Array.of(4, -1, 0), isPositive: Uint8Array.of(1, 0, 0) },
    );
    expect(slope).toEqual([0.25, 0, 0]);
  });

  test("refuses what does not fit, and names the operands", () => {
    const [x, y] = [input("x", [2]), input("y", [2])];
    expect(() => x.select(x, y)).toThrow(/^select: the condition must be bool, found float32; operands: .*"x".*"y"/);
    const flag = input("flag", [3], "bool");
    expect(() => flag.select(x, y)).toThrow(/^select: shapes \[3\] and \[2\] do not broadcast; operands: .*"flag"/);
    expect(() => flag.select(x, input("z", [2], "int32"))).toThrow(/^select: dtypes differ: float32 and int32/);
  });
});

describe("cast", () => {
  // To int32 and int64 the fraction is cut off; to uint8 only what fits is defined.
  const targets: readonly { from: ElementType; to: DType; low: number; high: number; gpu?: object }[] = [
    { from: "int32", to: "float32", low: -9, high: 10 },
    { from: "uint8", to: "float32", low: 0, high: 256 },
    { from: "bool", to: "float32", low: 0, high: 2 },
    { from: "bool", to: "int32", low: 0, high: 2 },
    { from: "int32", to: "bool", low: -1, high: 2 },
    { from: "int32", to: "int64", low: -9, high: 10 },
    { from: "int64", to: "int32", low: -9, high: 10, gpu: { leavesGpu: "int64 is an index alone" } },
    { from: "int64", to: "float32", low: -9, high: 10, gpu: { leavesGpu: "int64 is an index alone" } },
    { from: "int32", to: "float64", low: -9, high: 10, gpu: { leavesGpu: "no float64" } },
  ];
  for (const { from, to, low, high, gpu } of targets) {
    testOperation(
      `of ${from} to ${to}`,
      shapes(),
      (shape, values) => {
        const x = values.integers(shape, low, high, from);
        const type = to === "float32" || to === "float64" ? "float" : (to as ElementType);
        const expected = to === "bool" ? mapDense(x, (value) => Number(value !== 0), "bool") : { ...x, type };
        return operationCase({ inputs: { x }, compute: (t) => t.x.cast(to), expected });
      },
      { runs: 4, ...gpu },
    );
  }

  for (const to of ["int32", "int64"] as const) {
    testOperation(
      `of floats to ${to} cuts the fraction off`,
      shapes(),
      (shape, values) => {
        const x = values.oddGrid(shape);
        return operationCase({
          inputs: { x },
          compute: (t) => t.x.mul(4).cast(to),
          expected: mapDense(x, (value) => Math.trunc(value * 4) + 0, to),
        });
      },
      { runs: 5 },
    );
  }

  testOperation(
    "between floats carries the gradient",
    shapes(),
    (shape, values) => {
      const x = values.evenGrid(shape);
      return operationCase({
        inputs: { x },
        // The other dtype; to float64 alone where differences are taken, which rounding to float32 would spoil.
        compute: (t) => t.x.cast("float64").mul(2).cast(t.x.dtype),
        expected: mapDense(x, (value) => value * 2),
      });
    },
    { runs: 6, leavesGpu: "no float64" },
  );

  test("to float32 and back rounds the value and passes the gradient on", async () => {
    const x = input("x", [2], "float64");
    const rounded = x.cast("float32").cast("float64");
    const results = await evaluate(
      { rounded, slope: gradients(rounded.mul(3).sum(), [x])[0]! },
      { x: Float64Array.of(0.1, 2) },
    );
    expect(results).toEqual({ rounded: [Math.fround(0.1), 2], slope: [3, 3] });
  });

  test("to whole numbers and back passes no gradient on", async () => {
    const x = input("x", [2]);
    const slope = gradients(x.cast("int32").cast("float32").sum(), [x])[0]!;
    expect(await evaluate({ slope }, { x: Float32Array.of(1, 2) })).toEqual({ slope: [0, 0] });
  });

  test("to the same dtype is the tensor itself", () => {
    const x = input("x", [2]);
    expect(x.cast("float32")).toBe(x);
  });
});
