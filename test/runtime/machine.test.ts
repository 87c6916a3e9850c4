// Cores and memory as this process may use them.

import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { countCores, measureMemory, parseCpuList } from "#src/runtime/machine.js";

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
