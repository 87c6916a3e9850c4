// Values that are trees of moderate depth, and values that are not.

import { expect, test } from "vitest";
import { nestingFault } from "#src/files/nesting.js";

function nested(levels: number): unknown {
  return Array.from({ length: levels }).reduce((inner: unknown) => ({ a: inner }), 1);
}

test("trees are sound, also where two branches share a part", () => {
  const shared = [1, { a: 2 }];
  for (const value of [null, 1, "text", [], { a: shared, b: [shared, shared] }, nested(64)]) {
    expect(nestingFault(value)).toBeUndefined();
  }
});

test("too many levels are named, however many there are", () => {
  expect(nestingFault(nested(65))).toBe("is nested more than 64 levels deep");
  expect(nestingFault(nested(200_000))).toBe("is nested more than 64 levels deep");
});

test("a value that contains itself is named", () => {
  const circle: Record<string, unknown> = { a: 1 };
  circle.b = [circle];
  expect(nestingFault(circle)).toContain("contains itself");
});
