// The words about iBOT's health: each sign of collapse has its own warning, and a healthy run none.
import { expect, test } from "vitest";
import { type IbotHealthMetrics, ibotHealthLines, ibotWarnings } from "#src/methods/ibot/health.js";

const healthy: IbotHealthMetrics = {
  teacherEntropy: 3.2,
  divergence: 0.8,
  clsCentreNorm: 1.234,
  patchCentreNorm: 0.5,
  prototypesInUse: 211.4,
  featureSpread: 0.6,
};
const warnings = (metrics: Partial<IbotHealthMetrics>) =>
  ibotWarnings({ ...healthy, ...metrics }, 1024).map(({ lines }) => lines.join(" "));

test("a healthy run has its metrics beside those of a teacher that knows nothing", () => {
  const text = ibotHealthLines(healthy, 1024).join("\n");
  expect(text).toContain("entropy 3.2; 6.93 where");
  expect(text).toContain("use 211 of 1024; the centres have lengths 1.23 (crops) and 0.5 (patches)");
  expect(warnings({})).toEqual([]);
});

test.each([
  [{ teacherEntropy: 6.92 }, /every prototype alike.*temperature/],
  [{ prototypesInUse: 1.3 }, /one prototype.*centres/],
])("%o is warned of", (metrics, words) => {
  expect(warnings(metrics)).toHaveLength(1);
  expect(warnings(metrics)[0]).toMatch(words);
});
