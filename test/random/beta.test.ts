// The beta distribution's draws: moments, range and reproducibility.
import { expect, test } from "vitest";
import { drawBeta, randomStream } from "#src/random/index.js";

test.each([0.2, 0.8, 1, 3])("has the mean and the variance of the beta distribution at alpha %s", (alpha) => {
  const count = 20_000;
  const stream = randomStream(9, "beta", 0, 0);
  const draws = Array.from({ length: count }, () => drawBeta(stream, alpha));
  const mean = draws.reduce((sum, draw) => sum + draw, 0) / count;
  const variance = draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / count;
  expect(mean).toBeCloseTo(0.5, 1.5);
  // a^2 / ((2a)^2 (2a + 1))
  expect(variance / (1 / (4 * (2 * alpha + 1)))).toBeCloseTo(1, 1);
  expect(draws.every((draw) => draw >= 0 && draw <= 1)).toBe(true);
});

test("stays finite where alpha is tiny, and repeats itself", () => {
  const draw = (index: number) => drawBeta(randomStream(1, "beta", 0, index), 1e-6);
  const draws = Array.from({ length: 200 }, (_, index) => draw(index));
  expect(draws.every((value) => value >= 0 && value <= 1)).toBe(true);
  expect(draws.filter((value) => value < 0.5).length).toBeGreaterThan(50);
  expect(draws.map((_, index) => draw(index))).toEqual(draws);
});
