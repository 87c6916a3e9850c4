// Reductions over axes.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gradients, input } from "#src/graph/index.js";
import { type ShapeLimits, shapes, shapeWithAxis } from "../arbitraries.js";
import { checkOnCpu, operationCase, testOperation } from "../check-operation.js";
import { at, type Dense, dense, range, tabulate, total } from "../dense.js";
import { evaluate } from "../evaluate.js";

type Reduction = "sum" | "mean" | "max" | "min";

const REFERENCE: Readonly<Record<Reduction, (values: readonly number[]) => number>> = {
  sum: total,
  mean: (values) => total(values) / values.length,
  max: (values) => Math.max(...values),
  min: (values) => Math.min(...values),
};

/** Applies a function to the elements of x along the given axes. */
function reduced(
  x: Dense,
  axes: readonly number[],
  keepDims: boolean,
  value: (elements: readonly number[]) => number,
): Dense {
  const kept = tabulate(
    x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size)),
    (index) => {
      const along = x.shape.map((size, axis) => (axes.includes(axis) ? size : 1));
      const places = tabulate(along, () => 0);
      const elements = places.data.map((_, position) => {
        let rest = position;
        const offset = along.map(() => 0);
        for (let axis = along.length - 1; axis >= 0; axis--) {
          offset[axis] = rest % along[axis]!;
          rest = Math.floor(rest / along[axis]!);
        }
        return at(
          x,
          index.map((place, axis) => place + offset[axis]!),
        );
      });
      return value(elements);
    },
    x.type,
  );
  return keepDims
    ? kept
    : dense(
        kept.shape.filter((_, axis) => !axes.includes(axis)),
        kept.data,
        x.type,
      );
}

const reductions = (limits: ShapeLimits = {}) =>
  shapes(limits).chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      axes: fc.option(fc.subarray(range(shape.length)), { nil: undefined }),
      fromBack: fc.boolean(),
      keepDims: fc.boolean(),
    }),
  );

describe.each(Object.keys(REFERENCE) as Reduction[])("%s", (name) => {
  testOperation("over any axes", reductions(), ({ shape, axes, fromBack, keepDims }, values) => {
    const x = values.distinct(shape);
    const asked = fromBack ? axes?.map((axis) => axis - shape.length).reverse() : axes;
    return operationCase({
      inputs: { x },
      compute: (t) => t.x[name](asked, { keepDims }).mul(1),
      expected: reduced(x, axes ?? range(shape.length), keepDims, REFERENCE[name]),
    });
  });

  if (name !== "mean") {
    testOperation(
      "of whole numbers",
      reductions(),
      ({ shape, axes, keepDims }, values) => {
        const x = values.integers(shape, -20, 20);
        return operationCase({
          inputs: { x },
          compute: (t) => t.x[name](axes, { keepDims }).add(t.x.sum()),
          expected: (() => {
            const result = reduced(x, axes ?? range(shape.length), keepDims, REFERENCE[name]);
            return { ...result, data: result.data.map((value) => value + total(x.data)) };
          })(),
        });
      },
      { runs: 5 },
    );
  }

  test("refuses axes that are not there, or there twice", () => {
    const x = input("x", [2, 3]);
    expect(() => x[name]([2])).toThrow(new RegExp(`^${name}: axis 2 is out of range for rank 2; operands: .*"x"`));
    expect(() => x[name]([0, -2])).toThrow(new RegExp(`^${name}: axes \\[0, -2\\] repeat one; operands: .*"x"`));
    expect(() => x[name]([0.5])).toThrow(new RegExp(`^${name}: axis 0.5 is out of range`));
  });

  test("refuses booleans, and names the operand", () => {
    expect(() => input("flag", [2], "bool")[name]()).toThrow(
      new RegExp(`^${name}: takes .*found bool; operands: .*"flag"`),
    );
  });
});

describe("sum over no axes, or axes of size 1", () => {
  test("is the tensor itself", () => {
    const x = input("x", [2, 1]);
    expect(x.sum([])).toBe(x);
    expect(x.sum([1], { keepDims: true })).toBe(x);
  });
});

describe("mean", () => {
  test("refuses whole numbers, of which the mean is none", () => {
    expect(() => input("x", [2], "int32").mean()).toThrow(
      /^mean: takes float32, float64, found int32; operands: .*"x"/,
    );
  });
});

describe("max and min", () => {
  test("share the gradient evenly between ties", async () => {
    const x = input("x", [2, 3], "float64");
    const slopes = await evaluate(
      { toMax: gradients(x.max([1]).sum(), [x])[0]!, toMin: gradients(x.min([1]).sum(), [x])[0]! },
      { x: Float64Array.of(2, 1, 2, 5, 5, 5) },
    );
    expect(slopes.toMax).toEqual([0.5, 0, 0.5, 1 / 3, 1 / 3, 1 / 3]);
    expect(slopes.toMin).toEqual([0, 1, 0, 1 / 3, 1 / 3, 1 / 3]);
  });
});

describe("logSumExp", () => {
  const reference = (elements: readonly number[]) => {
    const shift = Math.max(...elements);
    return shift + Math.log(total(elements.map((value) => Math.exp(value - shift))));
  };

  testOperation(
    "along one axis, of values of any size",
    fc.record({ at: shapeWithAxis(), keepDims: fc.boolean(), level: fc.constantFrom(0, 1000, -1000) }),
    ({ at: { shape, axis }, keepDims, level }, values) => {
      const x = values.floats(shape, level - 4, level + 4);
      const front = axis < 0 ? axis + shape.length : axis;
      return operationCase({
        inputs: { x },
        compute: (t) => t.x.logSumExp(axis, { keepDims }),
        expected: reduced(x, [front], keepDims, reference),
      });
    },
    // A level of 1000 leaves float32 about 4 digits after the point.
    { tolerance: 2e-5 },
  );

  test("takes -Infinity as no summand", async () => {
    const x = dense([2, 3], [0, -Infinity, 1, -Infinity, -Infinity, 2]);
    await checkOnCpu(
      operationCase({ inputs: { x }, compute: (t) => t.x.logSumExp(1), expected: reduced(x, [1], false, reference) }),
    );
  });

  test("refuses an axis that is not there, and whole numbers", () => {
    expect(() => input("x", [2, 3]).logSumExp(2)).toThrow(/axis 2 is out of range for rank 2; operands: .*"x"/);
    expect(() => input("x", [2, 3], "int32").logSumExp(1)).toThrow(/found int32; operands: /);
  });
});
