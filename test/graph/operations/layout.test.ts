// Operations that move elements.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat, input, type Tensor } from "#src/graph/index.js";
import { broadcastable, permutations, shapes, shapeWithAxis } from "../arbitraries.js";
import { operationCase, testOperation } from "../check-operation.js";
import { at, broadcast, type Dense, dense, range, tabulate } from "../dense.js";

const transposed = (x: Dense, order: readonly number[]) =>
  tabulate(
    order.map((axis) => x.shape[axis]!),
    (index) =>
      at(
        x,
        range(order.length).map((axis) => index[order.indexOf(axis)]!),
      ),
    x.type,
  );

const part = (x: Dense, axis: number, start: number, end: number) =>
  tabulate(
    x.shape.map((size, i) => (i === axis ? end - start : size)),
    (index) =>
      at(
        x,
        index.map((place, i) => (i === axis ? place + start : place)),
      ),
    x.type,
  );

const joined = (parts: readonly Dense[], axis: number) => {
  const length = parts.reduce((sum, { shape }) => sum + shape[axis]!, 0);
  return tabulate(
    parts[0]!.shape.map((size, i) => (i === axis ? length : size)),
    (index) => {
      let place = index[axis]!;
      const source = parts.find(({ shape }) => {
        if (place < shape[axis]!) return true;
        place -= shape[axis]!;
        return false;
      })!;
      return at(
        source,
        index.map((value, i) => (i === axis ? place : value)),
      );
    },
    parts[0]!.type,
  );
};

const fromFront = (axis: number, shape: readonly number[]) => (axis < 0 ? axis + shape.length : axis);

describe("reshape", () => {
  const reshaping = shapes().chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      // The same sizes in another order, with neighbours merged or a -1 in place of one of them.
      order: permutations(shape.length),
      unknown: fc.nat({ max: shape.length }),
      flat: fc.boolean(),
    }),
  );
  testOperation("to any shape of the same size", reshaping, ({ shape, order, unknown, flat }, values) => {
    const x = values.floats(shape);
    const sizes = order.map((axis) => shape[axis]!);
    const target = flat ? [x.data.length, 1] : sizes;
    const asked = target.map((size, axis) => (axis === unknown ? -1 : size));
    return operationCase({
      inputs: { x },
      compute: (t) => [t.x.reshape(asked), t.x.reshape([-1]).reshape(asked).mul(2)],
      expected: [
        dense(target, x.data),
        dense(
          target,
          x.data.map((value) => value * 2),
        ),
      ],
    });
  });

  test("of a reshaped tensor reads the original, and back to its shape is the tensor itself", () => {
    const x = input("x", [2, 6]);
    expect(x.reshape([3, 4]).reshape([12]).node.inputs[0]).toBe(x);
    expect(x.reshape([3, 4]).reshape([2, 6])).toBe(x);
  });

  test("refuses another number of elements", () => {
    const x = input("x", [2, 3]);
    expect(() => x.reshape([4])).toThrow(/^reshape: \[2, 3\] has 6 elements, \[4\] has not; operands: .*"x"/);
    expect(() => x.reshape([4, -1])).toThrow(/^reshape: .*"x"/);
    expect(() => x.reshape([-1, -1])).toThrow(/^reshape: .*"x"/);
    expect(() => x.reshape([-2, -3])).toThrow(/^reshape: .*"x"/);
    expect(() => x.reshape([0, -1])).toThrow(/^reshape: .*"x"/);
  });
});

describe("transpose", () => {
  const orders = shapes({ minRank: 1 }).chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      first: permutations(shape.length),
      second: permutations(shape.length),
    }),
  );
  testOperation("once and twice", orders, ({ shape, first, second }, values) => {
    const x = values.floats(shape);
    const once = transposed(x, first);
    return operationCase({
      inputs: { x },
      compute: (t) => [t.x.transpose(first), t.x.transpose(first).transpose(second)],
      expected: [once, transposed(once, second)],
    });
  });

  test("of a transposed tensor reads the original, and its undoing is the tensor itself", () => {
    const x = input("x", [2, 3, 4]);
    expect(x.transpose([1, 2, 0]).transpose([0, 2, 1]).node.inputs[0]).toBe(x);
    expect(x.transpose([1, 2, 0]).transpose([2, 0, 1])).toBe(x);
    expect(x.transpose([0, 1, 2])).toBe(x);
  });

  test.each([[[0]], [[0, 0]], [[0, 2]], [[-1, 0]], [[0, 1, 2]]])("refuses the order %j for two axes", (order) => {
    expect(() => input("x", [2, 3]).transpose(order)).toThrow(
      /^transpose: .* is not an order of the axes of rank 2; operands: .*"x"/,
    );
    expect(() => input("x", [2, 3]).transpose([1, 0]).transpose(order)).toThrow(
      /^transpose: .* is not an order of the axes/,
    );
  });
});

describe("expand", () => {
  testOperation("along axes of size 1 and new leading ones", broadcastable(2), ([from, other], values) => {
    const x = values.floats(from!);
    const target = broadcast(from!, other!);
    return operationCase({
      inputs: { x },
      compute: (t) => t.x.expand(target),
      expected: tabulate(target, (index) => at(x, index)),
    });
  });

  testOperation(
    "of whole numbers",
    broadcastable(2),
    ([from, other], values) => {
      const x = values.integers(from!, -5, 5);
      const target = broadcast(from!, other!);
      return operationCase({
        inputs: { x },
        compute: (t) => t.x.expand(target),
        expected: tabulate(target, (index) => at(x, index), "int32"),
      });
    },
    { runs: 4 },
  );

  test("refuses to shrink or to repeat a larger axis", () => {
    const x = input("x", [2, 3]);
    expect(() => x.expand([1, 3])).toThrow(/^expand: \[2, 3\] does not stretch to \[1, 3\]; operands: .*"x"/);
    expect(() => x.expand([4, 3])).toThrow(/^expand: shapes \[2, 3\] and \[4, 3\] do not broadcast; operands: .*"x"/);
    expect(() => x.expand([3])).toThrow(/^expand: .*; operands: .*"x"/);
    expect(() => x.expand([0, 2, 3])).toThrow(/^expand: .*; operands: .*"x"/);
  });
});

describe("slice", () => {
  const slices = shapeWithAxis({ maxSize: 5 }).chain(({ shape, axis }) => {
    const size = shape.at(axis)!;
    return fc.record({
      shape: fc.constant(shape),
      axis: fc.constant(axis),
      bounds: fc
        .tuple(fc.nat({ max: size - 1 }), fc.nat({ max: size - 1 }))
        .map(([a, b]) => [Math.min(a, b), Math.max(a, b) + 1] as const),
      type: fc.constantFrom("float" as const, "int32" as const),
    });
  });
  testOperation("with and without an end", slices, ({ shape, axis, bounds: [start, end], type }, values) => {
    const x = values.integers(shape, -9, 10, type);
    const front = fromFront(axis, shape);
    return operationCase({
      inputs: { x },
      compute: (t) => [t.x.slice(axis, start, end), t.x.slice(axis, start)],
      expected: [part(x, front, start, end), part(x, front, start, shape[front]!)],
    });
  });

  testOperation(
    "of booleans",
    slices,
    ({ shape, axis, bounds: [start, end] }, values) => {
      const x = values.booleans(shape);
      const expected = part(x, fromFront(axis, shape), start, end);
      // A whole slice is the input itself, which WebGPU cannot copy to an output.
      return operationCase({ inputs: { x }, compute: (t) => t.x.slice(axis, start, end).not().not(), expected });
    },
    { runs: 4 },
  );

  test("of everything is the tensor itself", () => {
    const x = input("x", [2, 3]);
    expect(x.slice(1, 0)).toBe(x);
    expect(x.slice(-1, 0, 3)).toBe(x);
  });

  test.each([
    [-1, 2],
    [1, 1],
    [2, 1],
    [0, 4],
    [0.5, 2],
    [3, undefined],
  ])("refuses [%s, %s) of size 3", (start, end) => {
    expect(() => input("x", [2, 3]).slice(1, start, end)).toThrow(
      /^slice: \[.*\) is not a range within axis 1 of size 3; operands: .*"x"/,
    );
  });

  test.each([2, -3, 0.5])("refuses axis %s of two", (axis) => {
    expect(() => input("x", [2, 3]).slice(axis, 0, 1)).toThrow(
      /^slice: axis .* is out of range for rank 2; operands: .*"x"/,
    );
  });
});

describe("concat and split", () => {
  const parts = shapeWithAxis().chain(({ shape, axis }) =>
    fc.record({
      shape: fc.constant(shape),
      axis: fc.constant(axis),
      sizes: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
    }),
  );
  testOperation("concat of parts of different sizes", parts, ({ shape, axis, sizes }, values) => {
    const front = fromFront(axis, shape);
    const inputs = Object.fromEntries(
      sizes.map((size, i) => [`part${i}`, values.floats(shape.map((extent, a) => (a === front ? size : extent)))]),
    );
    return operationCase({
      inputs,
      compute: (t) => concat(Object.values(t as Record<string, Tensor>), axis).mul(1.5),
      expected:
        joined(Object.values(inputs), front).data.map === undefined
          ? []
          : scaled(joined(Object.values(inputs), front), 1.5),
    });
  });

  testOperation(
    "concat of a tensor with itself adds its gradients up",
    shapeWithAxis(),
    ({ shape, axis }, values) => {
      const x = values.floats(shape);
      return operationCase({
        inputs: { x },
        compute: (t) => concat([t.x, t.x.mul(2)], axis),
        expected: joined([x, scaled(x, 2)], fromFront(axis, shape)),
      });
    },
    { runs: 5 },
  );

  const splits = shapeWithAxis().chain(({ shape, axis }) =>
    fc.record({
      shape: fc.constant(shape),
      axis: fc.constant(axis),
      count: fc.integer({ min: 1, max: 3 }),
      used: fc.nat({ max: 2 }),
    }),
  );
  testOperation(
    "split into equal parts, of which one or all are used",
    splits,
    ({ shape, axis, count, used }, values) => {
      const front = fromFront(axis, shape);
      const size = shape[front]!;
      const x = values.floats(shape.map((extent, i) => (i === front ? size * count : extent)));
      const one = used % count;
      return operationCase({
        inputs: { x },
        compute: (t) => {
          const pieces = t.x.split(count, axis);
          return used === 2 ? pieces[one]!.mul(pieces[one]!) : pieces.map((piece, i) => piece.mul(i + 1));
        },
        expected: (used === 2 ? [one] : range(count)).map((i) => {
          const piece = part(x, front, i * size, (i + 1) * size);
          return used === 2 ? { ...piece, data: piece.data.map((value) => value * value) } : scaled(piece, i + 1);
        }),
      });
    },
  );

  test("concat refuses what does not fit, and names all operands", () => {
    const x = input("x", [2, 3]);
    expect(() => concat([], 0)).toThrow(/^concat: takes at least one tensor/);
    expect(() => concat([x, input("y", [2, 4])], 0)).toThrow(
      /^concat: operands differ .* axis 0; operands: .*"x".*"y"/,
    );
    expect(() => concat([x, input("y", [2, 3, 1])], 0)).toThrow(/^concat: .*"y"/);
    expect(() => concat([x, input("y", [2, 3], "int32")], 0)).toThrow(/^concat: .*"y"/);
    expect(() => concat([x, x], 2)).toThrow(/^concat: axis 2 is out of range for rank 2; operands: .*"x"/);
  });

  test("split refuses parts of unequal size", () => {
    const x = input("x", [2, 3]);
    expect(() => x.split(2, 1)).toThrow(/^split: axis 1 of size 3 does not divide into 2; operands: .*"x"/);
    expect(() => x.split(0, 1)).toThrow(/^split: .*"x"/);
    expect(() => x.split(1.5, 1)).toThrow(/^split: .*"x"/);
    expect(() => x.split(1, 2)).toThrow(/^split: axis 2 is out of range for rank 2; operands: .*"x"/);
  });
});

describe("chains", () => {
  testOperation("of slices, joins, expansions and reshapes", shapes({ minRank: 2, maxRank: 3 }), (shape, values) => {
    const [rows, ...rest] = [shape[0]! + 1, ...shape.slice(1)];
    const x = values.floats([rows, ...rest]);
    const swapped = joined([part(x, 0, 1, rows), part(x, 0, 0, 1)], 0);
    const repeated = tabulate([2, ...x.shape], (index) => at(swapped, index));
    return operationCase({
      inputs: { x },
      compute: (t) =>
        concat([t.x.slice(0, 1), t.x.slice(0, 0, 1)], 0)
          .reshape([1, rows, ...rest])
          .expand([2, rows, ...rest])
          .reshape([2 * rows, -1]),
      expected: dense([2 * rows, x.data.length / rows], repeated.data),
    });
  });
});

function scaled(x: Dense, factor: number): Dense {
  return { ...x, data: x.data.map((value) => value * factor) };
}
