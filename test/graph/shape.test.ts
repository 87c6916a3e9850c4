// Rules for shapes.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { broadcastAxes, broadcastShapes, normalizeAxes, normalizeAxis, sameShape, sizeOf } from "#src/graph/shape.js";
import { broadcastable } from "./arbitraries.js";
import { broadcast, range } from "./dense.js";

describe("broadcastShapes", () => {
  test("follows NumPy's rule, in either order", () =>
    fc.assert(
      fc.property(broadcastable(2), ([a, b]) => {
        expect(broadcastShapes(a!, b!)).toEqual(broadcast(a!, b!));
        expect(broadcastShapes(b!, a!)).toEqual(broadcast(a!, b!));
      }),
    ));

  test("is undone along broadcastAxes", () =>
    fc.assert(
      fc.property(broadcastable(2), ([a, b]) => {
        const full = broadcastShapes(a!, b!);
        const axes = broadcastAxes(a!, full);
        const kept = full.map((size, axis) => (axes.includes(axis) ? 1 : size));
        expect(sizeOf(kept)).toBe(sizeOf(a!));
        expect(sameShape(kept.slice(full.length - a!.length), a!)).toBe(true);
      }),
    ));

  test.each([
    [[2], [3]],
    [
      [2, 1],
      [3, 3],
    ],
    [
      [4, 2, 3],
      [3, 1, 3],
    ],
  ])("refuses %j and %j", (a, b) => {
    expect(() => broadcastShapes(a, b)).toThrow(/do not broadcast/);
  });
});

describe("axes", () => {
  test("count from the front, or from the back below zero", () => {
    expect([0, 2, -1, -3].map((axis) => normalizeAxis(axis, 3))).toEqual([0, 2, 2, 0]);
    for (const axis of [3, -4, 0.5, Number.NaN]) {
      expect(() => normalizeAxis(axis, 3)).toThrow(`axis ${axis} is out of range for rank 3`);
    }
  });

  test("come out distinct and in order, all where none are given", () => {
    expect(normalizeAxes([-1, 0], 3)).toEqual([0, 2]);
    expect(normalizeAxes(undefined, 3)).toEqual(range(3));
    expect(normalizeAxes([], 3)).toEqual([]);
    expect(() => normalizeAxes([1, -2], 3)).toThrow("axes [1, -2] repeat one");
  });
});
