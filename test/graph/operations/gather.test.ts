// Reading by index and adding up by index.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { input } from "#src/graph/index.js";
import { scatterAdd, scatterAlong } from "#src/graph/operations/gather.js";
import { shapes, shapeWithAxis } from "../arbitraries.js";
import { operationCase, testOperation } from "../check-operation.js";
import { at, type Dense, mapDense, tabulate } from "../dense.js";

const INT64_ON_GPU = { leavesGpu: "an int64 index cannot be reshaped there" };

const sources = fc.record({
  rows: fc.integer({ min: 1, max: 5 }),
  rest: shapes({ maxRank: 2, maxSize: 3 }),
  index: shapes({ maxRank: 2, maxSize: 3 }),
});

const gathered = (x: Dense, index: Dense) =>
  tabulate([...index.shape, ...x.shape.slice(1)], (place) => {
    const rank = index.shape.length;
    return at(x, [at(index, place.slice(0, rank)), ...place.slice(rank)]);
  });

function scattered(values: Dense, index: Dense, shape: readonly number[]): Dense {
  const rank = index.shape.length;
  return tabulate(shape, ([row, ...rest]) => {
    let sum = 0;
    tabulate(index.shape, (place) => {
      if (at(index, place) === row) sum += at(values, [...place, ...rest]);
      return 0;
    });
    expect(values.shape.length).toBe(rank + rest.length);
    return sum;
  });
}

describe("gather", () => {
  for (const type of ["int32", "int64"] as const) {
    testOperation(
      `by ${type}, rows read any number of times`,
      sources,
      ({ rows, rest, index }, values) => {
        const x = values.floats([rows, ...rest]);
        const places = values.integers(index, 0, rows, type);
        return operationCase({
          inputs: { x, places },
          compute: (t) => t.x.gather(t.places),
          expected: gathered(x, places),
        });
      },
      type === "int64" ? INT64_ON_GPU : {},
    );
  }

  testOperation(
    "by a permutation with its inverse",
    fc.record({ rows: fc.integer({ min: 1, max: 6 }), rest: shapes({ maxRank: 2, maxSize: 3 }), square: fc.boolean() }),
    ({ rows, rest, square }, values) => {
      const count = square ? 2 * rows : rows;
      const x = values.floats([count, ...rest]);
      const order = values.permutation(count);
      const places = { ...order, shape: square ? [2, rows] : [rows] };
      const inverse = mapDense(order, (_) => 0);
      const undone = { ...inverse, data: order.data.map((_, row) => order.data.indexOf(row)) };
      return operationCase({
        inputs: { x, places, undone },
        compute: (t) => t.x.gather(t.places, t.undone).mul(2),
        expected: mapDense(gathered(x, places), (value) => value * 2),
      });
    },
  );

  testOperation(
    "of whole numbers",
    sources,
    ({ rows, rest, index }, values) => {
      const x = values.integers([rows, ...rest], -9, 10);
      const places = values.integers(index, 0, rows);
      return operationCase({
        inputs: { x, places },
        compute: (t) => t.x.gather(t.places).add(1),
        expected: mapDense(gathered(x, places), (value) => value + 1, "int32"),
      });
    },
    { runs: 4 },
  );

  test("refuses what is no index, and names the operands", () => {
    const x = input("x", [4, 2]);
    expect(() => x.gather(input("places", [3]))).toThrow(
      /^gather: an index must be int32 or int64, found float32; operands: .*"x".*"places"/,
    );
    expect(() => input("scalar", []).gather(input("i", [3], "int32"))).toThrow(
      /^gather: takes a tensor of one or more axes; operands: .*"scalar"/,
    );
    const index = input("i", [4], "int32");
    expect(() => x.gather(index, input("inverse", [3], "int32"))).toThrow(
      /^gather: the inverse must be \[4\]; operands: .*"x".*"inverse"/,
    );
    expect(() => x.gather(index, input("inverse", [4]))).toThrow(
      /^gather: an index must be int32 or int64, found float32; operands: .*"inverse"/,
    );
  });
});

describe("scatterAdd", () => {
  for (const type of ["int32", "int64"] as const) {
    testOperation(
      `by ${type}`,
      sources,
      ({ rows, rest, index }, values) => {
        const x = values.floats([...index, ...rest]);
        const places = values.integers(index, 0, rows, type);
        const shape = [rows, ...rest];
        return operationCase({
          inputs: { x, places },
          compute: (t) => scatterAdd(t.x, t.places, shape),
          expected: scattered(x, places, shape),
        });
      },
      type === "int64" ? INT64_ON_GPU : {},
    );
  }

  test("refuses values of another shape, and what is no index", () => {
    const index = input("i", [3], "int32");
    expect(() => scatterAdd(input("x", [2, 5]), index, [4, 5])).toThrow(
      /^scatterAdd: the values must be \[3, 5\]; operands: .*"x".*"i"/,
    );
    expect(() => scatterAdd(input("x", [3, 5]), input("f", [3]), [4, 5])).toThrow(
      /^scatterAdd: an index must be int32 or int64/,
    );
  });
});

const along = fc.record({
  at: shapeWithAxis({ maxRank: 3 }),
  count: fc.integer({ min: 1, max: 4 }),
  type: fc.constantFrom("int32" as const, "int64" as const),
});

const replaced = (shape: readonly number[], axis: number, size: number) => {
  const front = axis < 0 ? axis + shape.length : axis;
  return { front, shape: shape.map((extent, i) => (i === front ? size : extent)) };
};

describe("gatherAlong", () => {
  testOperation("one axis", along, ({ at: { shape, axis }, count, type }, values) => {
    const { front, shape: picked } = replaced(shape, axis, count);
    const x = values.floats(shape);
    const places = values.integers(picked, 0, shape[front]!, type);
    return operationCase({
      inputs: { x, places },
      compute: (t) => t.x.gatherAlong(t.places, axis),
      expected: tabulate(picked, (index) =>
        at(
          x,
          index.map((value, i) => (i === front ? at(places, index) : value)),
        ),
      ),
    });
  });

  test("refuses what does not fit, and names the operands", () => {
    const x = input("x", [4, 2]);
    expect(() => x.gatherAlong(input("i", [4, 3], "int32"), 0)).toThrow(
      /^gatherAlong: the index must have the sizes of the tensor on all axes but 0; operands: .*"x".*"i"/,
    );
    expect(() => x.gatherAlong(input("i", [4], "int32"), 0)).toThrow(/^gatherAlong: the index must have the sizes/);
    expect(() => x.gatherAlong(input("f", [4, 2]), 0)).toThrow(/^gatherAlong: an index must be int32 or int64/);
    expect(() => x.gatherAlong(input("i", [4, 2], "int32"), 2)).toThrow(
      /^gatherAlong: axis 2 is out of range for rank 2; operands: .*"x".*"i"/,
    );
  });
});

describe("scatterAlong", () => {
  testOperation("one axis", along, ({ at: { shape, axis }, count, type }, values) => {
    const { front, shape: result } = replaced(shape, axis, count);
    const x = values.floats(shape);
    const places = values.integers(shape, 0, count, type);
    return operationCase({
      inputs: { x, places },
      compute: (t) => scatterAlong(t.x, t.places, axis, count),
      expected: tabulate(result, (target) => {
        let sum = 0;
        tabulate([shape[front]!], ([place]) => {
          const source = target.map((value, i) => (i === front ? place! : value));
          if (at(places, source) === target[front]) sum += at(x, source);
          return 0;
        });
        return sum;
      }),
    });
  });

  test("refuses an index of another shape", () => {
    expect(() => scatterAlong(input("x", [4, 2]), input("i", [4, 3], "int32"), 1, 5)).toThrow(
      /^scatterAlong: the index must have the shape of the values; operands: .*"x".*"i"/,
    );
  });
});

describe("oneHot", () => {
  for (const type of ["int32", "int64"] as const) {
    testOperation(
      `of ${type}`,
      fc.tuple(shapes({ maxRank: 3 }), fc.integer({ min: 1, max: 5 })),
      ([shape, depth], values) => {
        const places = values.integers(shape, 0, depth, type);
        const weight = values.floats([depth]);
        return operationCase({
          inputs: { places, weight },
          compute: (t) => t.places.oneHot(depth, t.weight.dtype).mul(t.weight),
          expected: tabulate([...shape, depth], (index) =>
            at(places, index.slice(0, -1)) === index.at(-1) ? weight.data[index.at(-1)!]! : 0,
          ),
        });
      },
      { runs: 6, ...(type === "int64" && { leavesGpu: "no comparison of int64" }) },
    );
  }

  test("refuses what is no index", () => {
    expect(() => input("x", [2]).oneHot(3)).toThrow(
      /^oneHot: an index must be int32 or int64, found float32; operands: .*"x"/,
    );
    expect(() => input("i", [2], "int32").oneHot(0)).toThrow(/^oneHot: .*"i"/);
  });
});
