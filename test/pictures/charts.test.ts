// Axes enclose what is shown, and nothing is drawn beyond the picture, whatever the values are.
import fc from "fast-check";
import { expect, test } from "vitest";
import { dotChart } from "#src/pictures/dot-chart.js";
import { lineChart } from "#src/pictures/line-chart.js";
import { roundTicks } from "#src/pictures/svg.js";
import { estimate } from "#src/study/statistics.js";

const value = fc.double({ min: -1e4, max: 1e4, noNaN: true });
const values = fc.array(value, { minLength: 1, maxLength: 5 });

test("marks are round, few, and enclose the range", () => {
  expect(roundTicks(71.2, 78.3)).toEqual([70, 72, 74, 76, 78, 80]);
  expect(roundTicks(76.5, 76.5)).toEqual([76, 78]);
  expect(roundTicks(0, 0)).toEqual([0, 0.2]);
  fc.assert(
    fc.property(value, value, (a, b) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      const ticks = roundTicks(low, high);
      const slack = 1e-9 * Math.max(1, Math.abs(low), Math.abs(high));
      expect(ticks[0]).toBeLessThanOrEqual(low + slack);
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(high - slack);
      expect(ticks.length).toBeGreaterThan(1);
      expect(ticks.length).toBeLessThan(9);
    }),
  );
});

test("a dot chart keeps values, deviations and the level within its frame", () => {
  fc.assert(
    fc.property(values, values, value, (first, second, level) => {
      const rows = [
        { name: "first", values: first, ...estimate(first) },
        { name: "second", values: second, ...estimate(second) },
      ];
      expectWithin(dotChart({ title: "Dots", xLabel: "x", rows, level }));
    }),
  );
});

test("a dot chart makes room for the longest name that a variant may have", () => {
  const name = "n".repeat(60);
  const svg = dotChart({ title: "Dots", xLabel: "x", rows: [{ name, values: [1, 2], ...estimate([1, 2]) }] });
  expect(svg).toContain(`>${name}</text>`);
  const end = Number(/<text x="([\d.]+)"[^>]*>n{60}/.exec(svg)![1]);
  expect(end).toBeGreaterThan(60 * 7);
});

test("a line chart keeps points and error bars within its frame", () => {
  const point = fc.record({ x: value, y: value, error: fc.option(fc.double({ min: 0, max: 100, noNaN: true })) });
  fc.assert(
    fc.property(fc.array(point, { minLength: 1, maxLength: 5 }), (points) => {
      expectWithin(lineChart({ title: "Lines", xLabel: "x", yLabel: "y", series: [{ name: "one", points }] }));
    }),
  );
});

function expectWithin(svg: string): void {
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.map(Number);
  const places = (names: string) => [...svg.matchAll(new RegExp(` (?:${names})="([^"]*)"`, "g"))].map(([, at]) => at!);
  for (const place of places("x|x1|x2|cx")) expectBetween(place, width!);
  for (const place of places("y|y1|y2|cy")) expectBetween(place, height!);
}

function expectBetween(place: string, size: number): void {
  expect(place).toMatch(/^-?[\d.]+$/);
  expect(Number(place)).toBeGreaterThanOrEqual(0);
  expect(Number(place)).toBeLessThanOrEqual(size);
}
