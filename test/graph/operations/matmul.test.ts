// Matrix products in every layout that an operand can be stored in.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defineProgram, emitOnnx, gradients, input, type Tensor } from "#src/graph/index.js";
import type { Values } from "../arbitraries.js";
import { operationCase, testOperation } from "../check-operation.js";
import { at, broadcast, type Dense, mapDense, range, tabulate, total, zip } from "../dense.js";
import { cpuKernels } from "../kernels.js";

const size = fc.integer({ min: 1, max: 4 });

/** The product over the last two axes of arrays whose leading axes broadcast. */
function product(a: Dense, b: Dense, scale = 1): Dense {
  const [m, k] = a.shape.slice(-2) as [number, number];
  const shape = [...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)), m, b.shape.at(-1)!];
  return tabulate(shape, (index) => {
    const [batch, row, column] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
    return scale * total(range(k).map((inner) => at(a, [...batch, row, inner]) * at(b, [...batch, inner, column])));
  });
}

const scales = fc.constantFrom(1, 0.125, -1.5, 1 / 3);

describe("of two matrices", () => {
  const cases = fc.record({
    m: size,
    k: size,
    n: size,
    leftTransposed: fc.boolean(),
    rightTransposed: fc.boolean(),
    scale: scales,
    addend: fc.constantFrom("none", "row", "matrix"),
  });
  testOperation(
    "transposed or not, scaled, with an addend",
    cases,
    (drawn, values) => {
      const { m, k, n, leftTransposed, rightTransposed, scale, addend } = drawn;
      const a = values.floats([m, k]);
      const b = values.floats([k, n]);
      const c = values.floats(addend === "matrix" ? [m, n] : [n]);
      const inputs = { a: leftTransposed ? swapped(a) : a, b: rightTransposed ? swapped(b) : b, c };
      const plain = product(a, b, scale);
      return operationCase({
        inputs,
        compute: (t) => {
          const left = leftTransposed ? t.a.transpose([1, 0]) : t.a;
          const right = rightTransposed ? t.b.transpose([1, 0]) : t.b;
          return left.matmul(right, { scale, ...(addend !== "none" && { addend: t.c }) });
        },
        expected: addend === "none" ? plain : zip([plain, c], (x, y) => x + y),
      });
    },
    { runs: 25, gpuRuns: 2 },
  );
});

/** All orders in which a product may read its operand: columns and rows swapped or not, rows outermost or not. */
const LAYOUTS = ["plain", "transposed", "rowsFirst", "rowsFirstTransposed", "other"] as const;
type Layout = (typeof LAYOUTS)[number];

/** The order that turns the stored tensor into [...batch, rows, columns]. */
function viewOrder(layout: Layout, rank: number): number[] {
  const axes = range(rank);
  switch (layout) {
    case "plain":
      return axes;
    case "transposed":
      return [...axes.slice(0, -2), rank - 1, rank - 2];
    case "rowsFirst":
      return [...axes.slice(1, -1), 0, rank - 1];
    case "rowsFirstTransposed":
      return [...axes.slice(1, -1), rank - 1, 0];
    case "other":
      return [rank - 1, ...axes.slice(0, -1)];
  }
}

function stored(view: Dense, layout: Layout): Dense {
  const order = viewOrder(layout, view.shape.length);
  return tabulate(
    range(order.length).map((axis) => view.shape[order.indexOf(axis)]!),
    (index) =>
      at(
        view,
        order.map((axis) => index[axis]!),
      ),
  );
}

function swapped(x: Dense): Dense {
  return stored(x, "transposed");
}

const batched = fc.record({
  batch: fc.array(size, { minLength: 1, maxLength: 2 }),
  m: size,
  k: size,
  n: size,
  left: fc.constantFrom(...LAYOUTS),
  right: fc.constantFrom(...LAYOUTS),
  scale: scales,
});

function batchedCase(
  { m, k, n, left, right, scale }: { m: number; k: number; n: number; left: Layout; right: Layout; scale: number },
  [leftBatch, rightBatch]: readonly [readonly number[], readonly number[]],
  values: Values,
) {
  const a = values.floats([...leftBatch, m, k]);
  const b = values.floats([...rightBatch, k, n]);
  return operationCase({
    inputs: { a: stored(a, left), b: stored(b, right) },
    compute: (t) =>
      t.a.transpose(viewOrder(left, a.shape.length)).matmul(t.b.transpose(viewOrder(right, b.shape.length)), { scale }),
    expected: product(a, b, scale),
  });
}

describe("batched", () => {
  testOperation(
    "in every pair of layouts",
    batched,
    (drawn, values) => batchedCase(drawn, [drawn.batch, drawn.batch], values),
    { runs: 30, gpuRuns: 3 },
  );

  const broadcasting = fc.record({
    batch: fc.array(fc.integer({ min: 2, max: 3 }), { minLength: 1, maxLength: 2 }),
    m: size,
    k: size,
    n: size,
    left: fc.constantFrom(...LAYOUTS),
    right: fc.constantFrom(...LAYOUTS),
    scale: scales,
    which: fc.constantFrom("left", "right"),
    ones: fc.constantFrom("all", "first"),
    drop: fc.boolean(),
  });
  testOperation(
    "with batch axes that broadcast",
    broadcasting,
    ({ batch, which, ones, drop, ...drawn }, values) => {
      const narrow = batch
        .map((extent, axis) => (ones === "all" || axis === 0 ? 1 : extent))
        .slice(drop && batch.length > 1 ? 1 : 0);
      const batches = which === "left" ? ([narrow, batch] as const) : ([batch, narrow] as const);
      return batchedCase(drawn, batches, values);
    },
    { runs: 30, gpuRuns: 3 },
  );

  const rows = fc.record({
    leading: fc.array(size, { minLength: 1, maxLength: 2 }),
    m: size,
    k: size,
    n: size,
    transposed: fc.boolean(),
    scale: scales,
    biased: fc.boolean(),
  });
  testOperation(
    "by a single matrix: all leading axes are rows",
    rows,
    ({ leading, m, k, n, transposed, scale, biased }, values) => {
      const a = values.floats([...leading, m, k]);
      const b = values.floats([k, n]);
      const c = values.floats([n]);
      return operationCase({
        inputs: { a, b: transposed ? swapped(b) : b, c },
        compute: (t) => t.a.matmul(transposed ? t.b.transpose([1, 0]) : t.b, { scale, ...(biased && { addend: t.c }) }),
        expected: biased ? zip([product(a, b, scale), c], (x, y) => x + y) : product(a, b, scale),
      });
    },
    { runs: 20 },
  );

  testOperation(
    "a single matrix by a batch",
    rows,
    ({ leading, m, k, n, scale }, values) => {
      const a = values.floats([m, k]);
      const b = values.floats([...leading, k, n]);
      return operationCase({
        inputs: { a, b },
        compute: (t) => t.a.matmul(t.b, { scale }),
        expected: product(a, b, scale),
      });
    },
    { runs: 10 },
  );

  testOperation(
    "of a tensor with its own transpose",
    rows,
    ({ leading, m, k }, values) => {
      const a = values.floats([...leading, m, k]);
      return operationCase({
        inputs: { a },
        compute: (t) => t.a.matmul(t.a.transpose(viewOrder("transposed", a.shape.length))),
        expected: product(a, swapped(a)),
      });
    },
    { runs: 10 },
  );

  testOperation(
    "chained as attention does, tokens outermost",
    fc.record({ tokens: size, batch: size, heads: size, width: size }),
    ({ tokens, batch, heads, width }, values) => {
      const shape = [tokens, batch, heads, width];
      const [q, k, v] = [values.floats(shape), values.floats(shape), values.floats(shape)];
      const view = (x: Dense) => tabulate([batch, heads, tokens, width], ([b, h, n, c]) => at(x, [n!, b!, h!, c!]));
      const attended = product(product(view(q), swapped(view(k)), 0.5), view(v));
      return operationCase({
        inputs: { q, k, v },
        compute: (t) => {
          const outermost = (x: Tensor) => x.transpose([1, 2, 0, 3]);
          const logits = outermost(t.q).matmul(outermost(t.k).transpose([0, 1, 3, 2]), { scale: 0.5 });
          return logits.matmul(outermost(t.v)).transpose([2, 0, 1, 3]);
        },
        expected: tabulate(shape, ([n, b, h, c]) => at(attended, [b!, h!, n!, c!])),
      });
    },
    { runs: 15, tolerance: 2e-5 },
  );
});

describe("linear", () => {
  testOperation(
    "takes the weight as checkpoints hold it",
    fc.record({
      leading: fc.array(size, { minLength: 1, maxLength: 3 }),
      inputs: size,
      outputs: size,
      biased: fc.boolean(),
    }),
    ({ leading, inputs, outputs, biased }, values) => {
      const x = values.floats([...leading, inputs]);
      const weight = values.floats([outputs, inputs]);
      const bias = values.floats([outputs]);
      const plain = product(x.shape.length === 1 ? { ...x, shape: [1, inputs] } : x, swapped(weight));
      return operationCase({
        inputs: { x, weight, bias },
        compute: (t) => t.x.linear(t.weight, biased ? t.bias : undefined),
        expected: biased ? zip([plain, bias], (a, b) => a + b) : mapDense(plain, (a) => a),
      });
    },
  );
});

describe("on the CPU in float32", () => {
  const countTransposes = (outputs: Record<string, Tensor>) =>
    emitOnnx(defineProgram("layouts", outputs), cpuKernels).model.nodes.filter(({ type }) => type === "Transpose")
      .length;

  test("no layout of an operand needs a pass of its own, forward or backward", () => {
    const layouts = LAYOUTS.filter((layout) => layout !== "other");
    for (const left of layouts) {
      for (const right of layouts) {
        const a = input("a", [2, 2, 2, 2]);
        const b = input("b", [2, 2, 2, 2]);
        const y = a.transpose(viewOrder(left, 4)).matmul(b.transpose(viewOrder(right, 4)));
        expect(countTransposes({ y }), `${left} ${right}`).toBe(0);
        const [toA, toB] = gradients(y.mul(input("g", y.shape)).sum(), [a, b]);
        // An operand with its rows outermost gets its gradient in that order: one pass for each such operand.
        const outermost = [left, right].filter((layout) => layout.startsWith("rowsFirst")).length;
        expect(countTransposes({ toA: toA!, toB: toB! }), `gradient of ${left} ${right}`).toBe(outermost);
      }
    }
  });
});

describe("refuses what does not fit, in a message that names the operands", () => {
  const a = input("a", [2, 3]);

  test("inner sizes", () => {
    expect(() => a.matmul(input("b", [4, 5]))).toThrow(
      /^matmul: inner sizes differ: \[2, 3\] has 3 columns, \[4, 5\] 4 rows; operands: .*"a".*"b"/,
    );
    expect(() => a.linear(input("weight", [5, 4]))).toThrow(
      /^matmul: inner sizes differ: \[2, 3\] has 3 columns, \[4, 5\] 4 rows; operands: .*"a".*"weight"/,
    );
  });

  test("batch axes", () => {
    expect(() => input("a", [2, 2, 3]).matmul(input("b", [3, 3, 2]))).toThrow(
      /^matmul: shapes \[2\] and \[3\] do not broadcast; operands: .*"a".*"b"/,
    );
  });

  test("ranks below two", () => {
    expect(() => a.matmul(input("b", [3]))).toThrow(/^matmul: takes tensors of two or more axes; operands: .*"a".*"b"/);
    expect(() => input("v", [3]).matmul(a)).toThrow(/^matmul: takes tensors of two or more axes/);
  });

  test("dtypes", () => {
    expect(() => a.matmul(input("b", [3, 2], "float64"))).toThrow(
      /^matmul: all operands must be of one floating dtype; operands: .*"a".*"b"/,
    );
    expect(() => input("i", [2, 2], "int32").matmul(input("j", [2, 2], "int32"))).toThrow(
      /^matmul: all operands must be/,
    );
    expect(() => a.matmul(input("b", [3, 2]), { addend: input("c", [2], "float64") })).toThrow(/^matmul: .*"c"/);
  });

  test("addends", () => {
    const b = input("b", [3, 2]);
    expect(() => a.matmul(b, { addend: input("bias", [3]) })).toThrow(
      /^matmul: the addend of \[2, 2\] must be \[2\] or as large; operands: .*"a".*"b".*"bias"/,
    );
    expect(() => input("x", [2, 2, 3]).matmul(input("y", [2, 3, 2]), { addend: input("bias", [2]) })).toThrow(
      /^matmul: the addend .*"bias"/,
    );
  });
});
