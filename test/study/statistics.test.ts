// Means, deviations and confidence intervals against values computed by hand.
import { expect, test } from "vitest";
import { estimate, holmRejects, pairedDifference, pairedSignificance, studentQuantile } from "#src/study/statistics.js";

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

test("at the end of its 95% interval, a difference has a significance of 5%, for any number of pairs", () => {
  for (const count of [2, 3, 4, 5, 10, 11, 30, 31]) {
    const mean = studentQuantile(count - 1) / Math.sqrt(count);
    expect(pairedSignificance({ mean, deviation: 1, count })).toBeCloseTo(0.05, 4);
    expect(pairedSignificance({ mean: -mean, deviation: 1, count })).toBeCloseTo(0.05, 4);
  }
  // 1% quantiles of a table: 9.925 for two degrees of freedom, 3.250 for nine.
  expect(pairedSignificance({ mean: 9.925 / Math.sqrt(3), deviation: 1, count: 3 })).toBeCloseTo(0.01, 5);
  expect(pairedSignificance({ mean: 3.25 / Math.sqrt(10), deviation: 1, count: 10 })).toBeCloseTo(0.01, 5);
  expect(pairedSignificance({ mean: 0, deviation: 0, count: 4 })).toBe(1);
  expect(pairedSignificance({ mean: 1, deviation: 0, count: 4 })).toBe(0);
  expect(pairedSignificance({ mean: 1, deviation: null, count: 1 })).toBe(1);
});

test("Holm's correction stops at the first that its share of the level does not allow", () => {
  const rejects = (values: readonly number[]) => holmRejects(values, (value) => value, 0.05);
  // The example of the procedure: 0.05 / 4, / 3, / 2 and / 1.
  expect(rejects([0.03, 0.005, 0.04, 0.01])).toEqual([0.005, 0.01]);
  expect(rejects([0.012, 0.012, 0.012, 0.04])).toEqual([0.012, 0.012, 0.012, 0.04]);
  expect(rejects([0.02, 0.9])).toEqual([0.02]);
  expect(rejects([0.03, 0.9])).toEqual([]);
  expect(rejects([])).toEqual([]);
});
