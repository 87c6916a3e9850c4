// Cores and memory as this process may use them.

import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import {
  countCores,
  measureMemory,
  mostThreads,
  parseCpuList,
  parseVmStat,
  threadsProblem,
} from "#src/engine/machine.js";

describe("countCores", () => {
  it("finds at least one physical core, and no more than threads", () => {
    const { physical, logical } = countCores();
    expect(logical).toBe(availableParallelism());
    if (process.platform === "linux") expect(physical).toBeGreaterThanOrEqual(1);
    if (physical !== null) expect(physical).toBeGreaterThanOrEqual(1);
  });

  it("reads the system's lists of processors", () => {
    expect(parseCpuList("0-3,8,10-11\n")).toEqual([0, 1, 2, 3, 8, 10, 11]);
    expect(parseCpuList("")).toEqual([]);
  });
});

describe("measureMemory", () => {
  it("gives bytes that make sense", () => {
    const { totalBytes, availableBytes, limitBytes } = measureMemory();
    expect(availableBytes).toBeGreaterThan(0);
    expect(availableBytes).toBeLessThanOrEqual(totalBytes);
    if (limitBytes !== null) expect(limitBytes).toBeLessThan(totalBytes);
  });
});

describe("threads that make sense", () => {
  it("are a few for each that the machine runs at once", () => {
    expect(mostThreads()).toBeGreaterThanOrEqual(4 * availableParallelism());
    for (const threads of [0, 1, mostThreads()]) expect(threadsProblem(threads)).toBeUndefined();
  });

  it.each([1_000_000, mostThreads() + 1, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("are not %d", (threads) => {
    expect(threadsProblem(threads)).toMatch(
      new RegExp(`^expected a whole number from 0 to ${mostThreads()}, .*; found ${threads}\\. Take 0 `),
    );
  });
});

it("reads what macOS can give away", () => {
  const text = [
    "Mach Virtual Memory Statistics: (page size of 16384 bytes)",
    "Pages free:                               10.",
    "Pages active:                            999.",
    "Pages inactive:                           20.",
    "Pages speculative:                         3.",
    "Pages purgeable:                           4.",
  ];
  expect(parseVmStat(text.join("\n"))).toBe(37 * 16384);
  expect(parseVmStat("something else")).toBeNull();
});
