// Maps at another size against direct computations, and against what PyTorch gives.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compile } from "#src/engine/index.js";
import { defineProgram, input } from "#src/graph/index.js";
import { pytorchMissing, runPython } from "../../pytorch.js";
import { operationCase, testOperation } from "../check-operation.js";
import { at, type Dense, range, tabulate, total } from "../dense.js";

const size = fc.integer({ min: 1, max: 6 });
const sizes = fc.record({ from: fc.tuple(size, size), to: fc.tuple(size, size) });

/** How far a place of an axis of `to` lies along one of `from`, and the two places between which that is. */
function between(place: number, to: number, from: number, alignCorners: boolean): [number, number, number] {
  const aligned = to === 1 ? 0 : (place * (from - 1)) / (to - 1);
  const where = alignCorners ? aligned : Math.min(from - 1, Math.max(0, ((place + 0.5) * from) / to - 0.5));
  const low = Math.floor(where);
  return [low, Math.min(low + 1, from - 1), where - low];
}

function resized(x: Dense, to: readonly number[], alignCorners: boolean): Dense {
  const [height, width] = x.shape.slice(2) as [number, number];
  return tabulate([...x.shape.slice(0, 2), ...to], ([image, channel, row, column]) => {
    const [top, bottom, down] = between(row!, to[0]!, height, alignCorners);
    const [left, right, across] = between(column!, to[1]!, width, alignCorners);
    const value = (y: number, z: number) => at(x, [image!, channel!, y, z]);
    const upper = value(top, left) * (1 - across) + value(top, right) * across;
    return upper * (1 - down) + (value(bottom, left) * (1 - across) + value(bottom, right) * across) * down;
  });
}

/** A value of each cell of maps, whose rows and columns each go from one place up to but not including another. */
function pooled(
  x: Dense,
  to: readonly number[],
  cell: (place: number, axis: 0 | 1) => readonly [number, number],
  value: (elements: readonly number[]) => number,
): Dense {
  return tabulate([...x.shape.slice(0, 2), ...to], ([image, channel, row, column]) => {
    const [top, bottom] = cell(row!, 0);
    const [left, right] = cell(column!, 1);
    const elements = range(bottom - top).flatMap((y) =>
      range(right - left).map((z) => at(x, [image!, channel!, top + y, left + z])),
    );
    return value(elements);
  });
}

const mean = (elements: readonly number[]) => total(elements) / elements.length;

describe.each([false, true])("resizeBilinear, corners aligned: %s", (alignCorners) => {
  testOperation("to any size", sizes, ({ from, to }, values) => {
    const x = values.floats([2, 2, ...from]);
    return operationCase({
      inputs: { x },
      compute: (t) => t.x.resizeBilinear(...to, { alignCorners }).mul(1.5),
      expected: { ...resized(x, to, alignCorners), data: resized(x, to, alignCorners).data.map((v) => 1.5 * v) },
    });
  });
});

describe("adaptiveMeanPool", () => {
  testOperation("to any size", sizes, ({ from, to }, values) => {
    const x = values.floats([2, 2, ...from]);
    const cell = (place: number, axis: 0 | 1) =>
      [Math.floor((place * from[axis]) / to[axis]), Math.ceil(((place + 1) * from[axis]) / to[axis])] as const;
    const expected = pooled(x, to, cell, mean);
    return operationCase({
      inputs: { x },
      compute: (t) => t.x.adaptiveMeanPool(...to).mul(1.5),
      expected: { ...expected, data: expected.data.map((v) => 1.5 * v) },
    });
  });
});

describe.each(["meanPool", "maxPool"] as const)("%s", (name) => {
  const squares = fc.record({
    side: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 3 }),
    extra: fc.tuple(fc.nat(4), fc.nat(4)),
  });
  testOperation("over squares", squares, ({ side, stride, extra }, values) => {
    const from = extra.map((more) => side + more);
    const x = values.distinct([2, 2, ...from]);
    const to = from.map((extent) => Math.floor((extent - side) / stride) + 1);
    const cell = (place: number) => [place * stride, place * stride + side] as const;
    const expected = pooled(x, to, cell, name === "maxPool" ? (all) => Math.max(...all) : mean);
    return operationCase({
      inputs: { x },
      compute: (t) => t.x[name](side, stride).mul(1.5),
      expected: { ...expected, data: expected.data.map((v) => 1.5 * v) },
    });
  });

  test("refuses squares that do not fit", () => {
    expect(() => input("x", [1, 2, 2, 5])[name](3)).toThrow(new RegExp(`^${name}: squares of 3, 3 apart.*"x"`));
    expect(() => input("x", [1, 2, 2])[name](1)).toThrow(new RegExp(`^${name}: `));
  });
});

test("the same size is the tensor itself", () => {
  const x = input("x", [1, 2, 3, 4]);
  expect(x.resizeBilinear(3, 4)).toBe(x);
  expect(x.adaptiveMeanPool(3, 4)).toBe(x);
});

test.skipIf(pytorchMissing !== undefined)(
  `PyTorch gives the same${pytorchMissing ? ` (${pytorchMissing})` : ""}`,
  async () => {
    const shape = [2, 3, 7, 10];
    const data = Float32Array.from({ length: 420 }, (_, i) => Math.sin(1.3 * i));
    const x = input("x", shape);
    const outputs = {
      up: x.resizeBilinear(16, 21),
      down: x.resizeBilinear(3, 4),
      aligned: x.resizeBilinear(12, 5, { alignCorners: true }),
      cells: x.adaptiveMeanPool(3, 6),
      larger: x.adaptiveMeanPool(9, 12),
      largest: x.maxPool(2),
      means: x.meanPool(3, 2),
    };
    const found = await (await compile(defineProgram("resampling", outputs), { threads: 1 })).run({ x: data });
    const expected = runPython("test/reference/resampling.py", [{ name: "x", dtype: "F32", shape, data }], {});
    for (const name of Object.keys(outputs) as (keyof typeof outputs)[]) {
      const theirs = expected.get(name)!.data as Float64Array;
      expect(found[name]!.length).toBe(theirs.length);
      for (const [i, value] of theirs.entries()) expect(Math.abs(Number(found[name]![i]) - value)).toBeLessThan(1e-5);
    }
  },
);
