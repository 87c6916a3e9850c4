// Durations, sizes and rates as people read them.

import { describe, expect, it } from "vitest";
import { formatBytes, formatCount, formatDuration, formatRate } from "#src/terminal/quantities.js";

describe("formatDuration", () => {
  it.each([
    [0, "0 s"],
    [0.42, "0.4 s"],
    [9.99, "10 s"],
    [59.7, "1 min"],
    [200, "3 min 20 s"],
    [3599.9, "1 h"],
    [7500, "2 h 5 min"],
    [273_600, "3 d 4 h"],
    [Number.POSITIVE_INFINITY, "unknown"],
  ])("%d seconds are %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe("other quantities", () => {
  it("formats bytes", () => {
    expect([512, 3482, 1024 ** 2 - 1, 7.1 * 1024 ** 3].map(formatBytes)).toEqual([
      "512 B",
      "3.4 KiB",
      "1.0 MiB",
      "7.1 GiB",
    ]);
  });

  it("formats counts and rates", () => {
    expect(formatCount(1234567.4)).toBe("1,234,567");
    expect([1390.2, 812.4, 41.26, 0.025111].map(formatRate)).toEqual(["1,390", "812", "41.3", "0.0251"]);
  });
});
