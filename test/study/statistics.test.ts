// Means, deviations and confidence intervals against values computed by hand.
import { expect, test } from "vitest";
import { estimate, pairedDifference, studentQuantile } from "#src/study/statistics.js";

test("the deviation is that of a sample, and unknown for one value", () => {
  expect(estimate([2, 4, 9])).toEqual({ mean: 5, deviation: Math.sqrt((9 + 1 + 16) / 2), count: 3 });
  expect(estimate([7])).toEqual({ mean: 7, deviation: null, count: 1 });
});

test("differences are paired, with Student's interval", () => {
  const { mean, deviation, margin } = pairedDifference([80, 82, 85], [70, 71, 78]);
  // Differences 10, 11, 7: mean 28/3, deviation 2.0817; t for two degrees of freedom is 4.303.
  expect(mean).toBeCloseTo(28 / 3, 10);
  expect(deviation).toBeCloseTo(2.0817, 4);
  expect(margin).toBeCloseTo((4.303 * 2.0817) / Math.sqrt(3), 3);
  expect(pairedDifference([1], [3])).toMatchObject({ mean: -2, margin: null });
  expect(() => pairedDifference([1, 2], [1])).toThrow(RangeError);
});

test("quantiles of Student's t fall towards the normal distribution's", () => {
  expect([1, 2, 10, 30].map(studentQuantile)).toEqual([12.706, 4.303, 2.228, 2.042]);
  expect(studentQuantile(31)).toBeCloseTo(2.0395, 2);
  expect(studentQuantile(60)).toBeCloseTo(2.0003, 2);
  expect(studentQuantile(1000)).toBeCloseTo(1.9623, 3);
});
