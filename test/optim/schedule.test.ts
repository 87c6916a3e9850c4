// The learning rate over a run.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cosineAt, learningRateAt, rampAt } from "#src/optim/schedule.js";

const schedules = fc.record({
  peak: fc.double({ min: 1e-5, max: 1, noNaN: true }),
  floor: fc.constant(0),
  warmupSteps: fc.nat({ max: 50 }),
  totalSteps: fc.integer({ min: 51, max: 500 }),
});

describe("learningRateAt", () => {
  test("rises in equal steps from 0, then falls along half a cosine", () => {
    const schedule = { peak: 1, floor: 0.2, warmupSteps: 4, totalSteps: 12 };
    const rates = [1, 2, 3, 4, 5, 9, 13].map((step) => learningRateAt(step, schedule));
    const expected = [0, 0.25, 0.5, 0.75, 1, 0.6, 0.2];
    for (const [index, rate] of rates.entries()) expect(rate).toBeCloseTo(expected[index]!, 12);
  });

  test("falls in a straight line, or by a factor at shares of the run, where that is asked for", () => {
    const line = { peak: 1, floor: 0, warmupSteps: 2, totalSteps: 12, decay: { kind: "linear" } } as const;
    const rates = [1, 2, 3, 8, 13].map((step) => learningRateAt(step, line));
    for (const [index, rate] of [0, 0.5, 1, 0.5, 0].entries()) expect(rates[index]).toBeCloseTo(rate, 12);

    const steps = { ...line, decay: { kind: "steps", at: [0.5, 0.75], factor: 0.1 } } as const;
    const cut = [3, 6, 7, 9, 10, 12].map((step) => learningRateAt(step, steps));
    for (const [index, rate] of [1, 1, 0.1, 0.1, 0.01, 0.01].entries()) expect(cut[index]).toBeCloseTo(rate, 12);
  });

  test("stays between floor and peak, and never jumps", () =>
    fc.assert(
      fc.property(schedules, (schedule) => {
        for (let step = 1; step <= schedule.totalSteps; step++) {
          const [rate, next] = [learningRateAt(step, schedule), learningRateAt(step + 1, schedule)];
          expect(rate).toBeGreaterThanOrEqual(0);
          expect(rate).toBeLessThanOrEqual(schedule.peak);
          if (step <= schedule.warmupSteps) expect(next).toBeGreaterThan(rate);
          else expect(next).toBeLessThanOrEqual(rate);
        }
        expect(learningRateAt(schedule.totalSteps + 1, schedule)).toBeCloseTo(schedule.floor, 12);
      }),
      { numRuns: 15 },
    ));
});

test("cosineAt goes from one value to the other along half a cosine, and stays there", () => {
  const values = [1, 3, 5, 9, 10].map((step) => cosineAt(step, 0.04, 0.4, 8));
  const quarter = 0.4 - 0.36 * 0.5 * (1 + Math.SQRT1_2);
  for (const [index, value] of [0.04, quarter, 0.22, 0.4, 0.4].entries()) expect(values[index]).toBeCloseTo(value, 12);
});

test("rampAt rises along a straight line, or not at all", () => {
  const values = [1, 2, 4, 5, 100].map((step) => rampAt(step, 0.04, 0.08, 4));
  for (const [index, value] of [0.04, 0.05, 0.07, 0.08, 0.08].entries()) expect(values[index]).toBeCloseTo(value, 12);
  expect(rampAt(1, 0.04, 0.07, 0)).toBe(0.07);
});
