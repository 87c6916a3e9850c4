// Intervals of steps and of time.

import { describe, expect, it } from "vitest";
import { isDue, parseInterval } from "#src/terminal/interval.js";

describe("parseInterval", () => {
  it.each([
    [500, { kind: "steps", steps: 500 }],
    ["500", { kind: "steps", steps: 500 }],
    ["30s", { kind: "time", seconds: 30 }],
    ["1.5 h", { kind: "time", seconds: 5400 }],
    [0, { kind: "never" }],
    ["0m", { kind: "never" }],
  ])("reads %j", (text, interval) => {
    expect(parseInterval(text)).toEqual(interval);
  });

  it.each(["", "soon", "-5", "1.5", "5d", "m", Number.NaN, -1])("refuses %j", (text) => {
    expect(parseInterval(text)).toBeUndefined();
  });
});

describe("isDue", () => {
  it("counts steps, or time, or never", () => {
    expect([99, 100, 101].map((step) => isDue({ kind: "steps", steps: 100 }, step, 0))).toEqual([false, true, false]);
    expect([9, 10].map((seconds) => isDue({ kind: "time", seconds: 10 }, 1, seconds))).toEqual([false, true]);
    expect(isDue({ kind: "never" }, 100, 1e9)).toBe(false);
  });
});
