// Softmax and layer normalisation.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { input } from "#src/graph/index.js";
import { broadcastable, shapes } from "../arbitraries.js";
import { operationCase, testOperation } from "../check-operation.js";
import { at, type Dense, range, tabulate, total } from "../dense.js";

/** Applies a function to each row, along the last axis. */
function byRow(x: Dense, values: (row: readonly number[]) => readonly number[]): Dense {
  const width = x.shape.at(-1)!;
  const rows = range(x.data.length / width).map((row) => values(x.data.slice(row * width, (row + 1) * width)));
  return { ...x, data: rows.flat() };
}

const softmax = (row: readonly number[]) => {
  const shift = Math.max(...row);
  const weights = row.map((value) => Math.exp(value - shift));
  return weights.map((weight) => weight / total(weights));
};

describe("softmax", () => {
  testOperation("over the last axis", shapes({ minRank: 1, maxSize: 5 }), (shape, values) => {
    const x = values.floats(shape, -4, 4);
    return operationCase({ inputs: { x }, compute: (t) => t.x.softmax(), expected: byRow(x, softmax) });
  });

  testOperation(
    "gives an exact 0, and no gradient, where an entry is -Infinity",
    shapes({ minRank: 1, maxSize: 5 }),
    (shape, values) => {
      const x = values.floats(shape);
      const width = shape.at(-1)!;
      // The first entry of each row stays: a row of nothing but -Infinity has no softmax.
      const cut = {
        ...x,
        data: x.data.map((value, place) => (place % width > 0 && values.uniform() < 0.4 ? -Infinity : value)),
      };
      return operationCase({ inputs: { cut }, compute: (t) => t.cut.softmax(), expected: byRow(cut, softmax) });
    },
  );

  testOperation(
    "of large values does not overflow",
    shapes({ minRank: 1, maxRank: 2 }),
    (shape, values) => {
      const x = values.floats(shape, 990, 1000);
      return operationCase({ inputs: { x }, compute: (t) => t.x.softmax(), expected: byRow(x, softmax) });
    },
    { runs: 5, tolerance: 1e-5 },
  );

  const masks = broadcastable(1, { minRank: 1, maxRank: 3, maxSize: 5 }).chain(([narrow]) =>
    fc.record({
      narrow: fc.constant(narrow!),
      leading: shapes({ maxRank: 1, maxSize: 3 }),
      width: fc.integer({ min: 2, max: 5 }),
    }),
  );
  testOperation(
    "leaves out what a mask excludes, which may stretch to the tensor",
    masks,
    ({ narrow, leading, width }, values) => {
      const x = values.floats([...leading, ...narrow, width]);
      // The first entry of each row stays; the mask has the trailing axes of x, some of them perhaps of size 1.
      const mask = tabulate(
        [...narrow.map((size, axis) => (axis === 0 ? 1 : size)), width],
        (index) => (index.at(-1)! > 0 && values.uniform() < 0.5 ? 1 : 0),
        "bool",
      );
      const cut = tabulate(x.shape, (index) => (at(mask, index) ? -Infinity : at(x, index)));
      return operationCase({
        inputs: { x, mask },
        compute: (t) => t.x.softmax(t.mask),
        expected: byRow(cut, softmax),
      });
    },
  );

  test("refuses a mask that is not boolean or does not stretch to the tensor", () => {
    const x = input("x", [2, 3]);
    expect(() => x.softmax(input("mask", [2, 3]))).toThrow(
      /^softmax: what is excluded must be bool and stretch to \[2, 3\]; operands: .*"x".*"mask"/,
    );
    expect(() => x.softmax(input("mask", [4, 2, 3], "bool"))).toThrow(/^softmax: what is excluded must be bool/);
    expect(() => x.softmax(input("mask", [4], "bool"))).toThrow(/^softmax: shapes \[4\] and \[2, 3\] do not broadcast/);
  });

  test("refuses scalars and whole numbers, and names the operand", () => {
    expect(() => input("x", []).softmax()).toThrow(/^softmax: takes a floating tensor with an axis; operands: .*"x"/);
    expect(() => input("x", [2], "int32").softmax()).toThrow(
      /^softmax: takes a floating tensor with an axis; operands: .*"x"/,
    );
  });
});

describe("layerNorm", () => {
  const EPSILON = 1e-3;
  const parameters = fc.record({
    leading: shapes({ maxRank: 3 }),
    width: fc.integer({ min: 2, max: 7 }),
  });

  testOperation(
    "with weight and bias",
    parameters,
    ({ leading, width }, values) => {
      // A row of nearly equal values would make the gradient steep.
      const shape = [...leading, width];
      const x = tabulate(shape, (index) => index.at(-1)! * 0.5 + 0.1 * at(values.floats([1]), [0]));
      const [weight, bias] = [values.floats([width]), values.floats([width])];
      return operationCase({
        inputs: { x: { ...x, data: x.data.map(Math.fround) }, weight, bias },
        compute: (t) => t.x.layerNorm(t.weight, t.bias, EPSILON),
        expected: byRow({ ...x, data: x.data.map(Math.fround) }, (row) => {
          const mean = total(row) / width;
          const variance = total(row.map((value) => (value - mean) ** 2)) / width;
          return row.map(
            (value, i) => ((value - mean) / Math.sqrt(variance + EPSILON)) * weight.data[i]! + bias.data[i]!,
          );
        }),
      });
    },
    { tolerance: 2e-5 },
  );

  testOperation(
    "of equal values in a row, where epsilon decides",
    shapes({ maxRank: 2 }),
    (leading, values) => {
      const level = values.floats([1]).data[0]!;
      const x = tabulate([...leading, 4], () => level);
      const [weight, bias] = [values.floats([4]), values.floats([4])];
      return operationCase({
        inputs: { x, weight, bias },
        compute: (t) => t.x.layerNorm(t.weight, t.bias, 0.1),
        expected: byRow(x, () => bias.data),
      });
    },
    { runs: 4 },
  );

  testOperation(
    "beside other uses of the same input",
    parameters,
    ({ leading, width }, values) => {
      const x = tabulate([...leading, width], (index) => index.at(-1)!);
      const [weight, bias] = [values.floats([width]), values.floats([width])];
      const deviation = Math.sqrt((width ** 2 - 1) / 12 + EPSILON);
      return operationCase({
        inputs: { x, weight, bias },
        compute: (t) => t.x.layerNorm(t.weight, t.bias, EPSILON).add(t.x),
        expected: tabulate(x.shape, (index) => {
          const place = index.at(-1)!;
          return ((place - (width - 1) / 2) / deviation) * weight.data[place]! + bias.data[place]! + place;
        }),
      });
    },
    { runs: 6, tolerance: 2e-5 },
  );

  test("refuses parameters of other shapes or dtypes, and names the operands", () => {
    const x = input("x", [2, 3]);
    const [weight, bias] = [input("norm.weight", [3]), input("norm.bias", [3])];
    expect(() => x.layerNorm(input("wide", [4]), bias, 1e-6)).toThrow(
      /^layerNorm: weight and bias must be \[3\]; operands: .*"x".*"wide".*"norm.bias"/,
    );
    expect(() => x.layerNorm(weight, input("tall", [3, 1]), 1e-6)).toThrow(/^layerNorm: weight and bias must be \[3\]/);
    expect(() => x.layerNorm(weight, input("double", [3], "float64"), 1e-6)).toThrow(
      /^layerNorm: all operands must be of one floating dtype; operands: .*"double"/,
    );
    expect(() => input("i", [3], "int32").layerNorm(input("w", [3], "int32"), input("b", [3], "int32"), 1e-6)).toThrow(
      /^layerNorm: all operands must be of one floating dtype/,
    );
    expect(() => input("scalar", []).layerNorm(input("w", []), input("b", []), 1e-6)).toThrow(/^layerNorm: .*"scalar"/);
  });
});
