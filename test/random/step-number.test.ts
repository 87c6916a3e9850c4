// Steps are numbered from 1, and what counts them from 0 is told so.
import { expect, test } from "vitest";
import { stepsBefore } from "#src/random/index.js";

test("the first step has none before it", () => {
  expect([1, 2, 1000].map(stepsBefore)).toEqual([0, 1, 999]);
});

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("%d is no step's number", (step) => {
  expect(() => stepsBefore(step)).toThrow(`counted from 1 over the whole run; found ${step}`);
});
