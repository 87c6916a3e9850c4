// Curves as the page draws them: axes, smoothing, joining, and where an axis has its numbers.
import { expect, test } from "vitest";
import type { Curves } from "../../../src/dashboard/api.js";
import {
  joined,
  meanSeries,
  metricsOf,
  nearest,
  smoothed,
  stepsWithin,
  xOf,
} from "../../../src/dashboard/page/chart-data.js";
import { movedRange } from "../../../src/dashboard/page/chart-settings.js";
import { logTicks, roundTicks } from "../../../src/dashboard/page/ticks.js";

const series = (metric: string, block: number | null, mean: (number | null)[]) => ({
  metric,
  block,
  mean,
  low: null,
  high: null,
});
const curves: Curves = {
  step: [10, 20, 30],
  seconds: [1, 2.5, 4],
  batchSize: 32,
  series: [
    series("epoch", null, [0, 0, 1]),
    series("lr", null, [1, 1, 1]),
    series("loss", null, [3, 2, 1]),
    series("topkPrecision", 0, [0.2, null, 0.4]),
    series("topkPrecision", 1, [0.4, null, 0.8]),
  ],
};

test("x is steps, images or seconds of training", () => {
  expect(xOf(curves, "step")).toEqual([10, 20, 30]);
  expect(xOf(curves, "images")).toEqual([320, 640, 960]);
  expect(xOf(curves, "time")).toEqual([1, 2.5, 4]);
});

test("a part of an axis stands for its steps and one bucket at each side", () => {
  expect(stepsWithin(curves, "time", [2, 3])).toEqual({ from: 10, to: 30 });
  expect(stepsWithin(curves, "step", [0, 100])).toEqual({ from: 0, to: 30 });
});

test("smoothing leaves constants alone, misses what is missing, and follows the bias-corrected average", () => {
  expect(smoothed([5, 5, 5], 0.9)).toEqual([5, 5, 5].map((value) => expect.closeTo(value)));
  expect(smoothed([1, null, 3], 0)).toEqual([1, null, 3]);
  const [first, missing, last] = smoothed([1, null, 3], 0.5);
  expect([first, missing]).toEqual([1, null]);
  expect(last).toBeCloseTo((0.5 * 0.5 * 1 + 0.5 * 3) / 0.75);
});

test("a metric by block is compared by the mean of its blocks", () => {
  expect(meanSeries(curves, "topkPrecision")!.mean).toEqual([expect.closeTo(0.3), null, expect.closeTo(0.6)]);
  expect(meanSeries(curves, "loss")!.mean).toEqual([3, 2, 1]);
  expect(meanSeries(curves, "none")).toBeUndefined();
});

test("what is learnt comes before how, and epochs are no curve", () => {
  expect(metricsOf([curves])).toEqual({ learning: ["loss", "topkPrecision"], machine: ["lr"] });
});

test("runs with other steps share one axis, with gaps", () => {
  const tables = [
    { x: [1, 3], columns: [[10, 30]] },
    {
      x: [2, 3],
      columns: [
        [20, null],
        [21, 31],
      ],
    },
  ];
  expect(joined(tables)).toEqual([
    [1, 2, 3],
    [10, null, 30],
    [null, 20, null],
    [null, 21, 31],
  ]);
});

test.each([
  [[], 5, -1],
  [[1], 5, 0],
  [[1, 4, 9], 0, 0],
  [[1, 4, 9], 2, 0],
  [[1, 4, 9], 3, 1],
  [[1, 4, 9], 100, 2],
])("nearest of %j to %d", (x, wanted, place) => {
  expect(nearest(x, wanted)).toBe(place);
});

test("zooming stays within the whole, and all of it is no range", () => {
  const whole = [0, 100] as const;
  expect(movedRange(whole, null, { factor: 0.5 })).toEqual([25, 75]);
  expect(movedRange(whole, [0, 20], { shift: -0.5 })).toEqual([0, 20]);
  expect(movedRange(whole, [70, 90], { shift: 0.5 })).toEqual([80, 100]);
  expect(movedRange(whole, [40, 90], { factor: 2 })).toBeNull();
});

test("numbers stand at round values", () => {
  expect(roundTicks(15.2, 20.9)).toEqual([16, 18, 20]);
  expect(roundTicks(0.48, 0.505)).toEqual([0.48, 0.49, 0.5]);
  expect(roundTicks(1, 1)).toEqual([]);
});

test("on a logarithmic axis at powers of ten, and the search for them ends whatever the ends", () => {
  expect(logTicks(0.4, 70_000)).toEqual([1, 10, 100, 1000, 10_000]);
  expect(logTicks(0.9, 11)).toEqual([1, 2, 5, 10]);
  expect(logTicks(2.1, 3.9)).toEqual([2.5, 3, 3.5]);
  expect(logTicks(8.3e-8, 1.2e-3).length).toBeLessThan(12);
  expect(logTicks(5e-324, 1e308).length).toBeLessThan(100);
  expect([logTicks(0, 1), logTicks(-1, 1), logTicks(2, 1), logTicks(Number.NaN, 1)]).toEqual([[], [], [], []]);
});
