// The largest values along the last axis.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compile, type DeviceOptions } from "#src/engine/index.js";
import { defineProgram, input } from "#src/graph/index.js";
import { webgpuMissing } from "../../webgpu.js";
import { shapes, Values } from "../arbitraries.js";
import { operationCase, testOperation } from "../check-operation.js";
import { dense, range, total } from "../dense.js";

const cases = shapes({ minRank: 1, maxRank: 3, maxSize: 6 }).chain((shape) =>
  fc.record({ shape: fc.constant(shape), k: fc.integer({ min: 1, max: shape.at(-1)! }) }),
);

/** The rows of a flat array. */
function rowsOf(data: readonly number[], width: number): number[][] {
  return range(data.length / width).map((row) => data.slice(row * width, (row + 1) * width));
}

describe("topK", () => {
  // The order of the k is open, so the checks look at functions of them that do not depend on it.
  testOperation("the values and their gradient", cases, ({ shape, k }, values) => {
    const x = values.distinct(shape);
    const best = rowsOf(x.data, shape.at(-1)!).map((row) => [...row].sort((a, b) => b - a).slice(0, k));
    const result = (f: (row: number[]) => number) => dense(shape.slice(0, -1), best.map(f));
    return operationCase({
      inputs: { x },
      compute: (t) => {
        const { values: largest } = t.x.topK(k);
        return [largest.mul(largest).sum([-1]), largest.min([-1])];
      },
      expected: [result((row) => total(row.map((value) => value * value))), result((row) => Math.min(...row))],
    });
  });

  /** Runs topK on values with many ties: any k places with the largest values are right. */
  const checkTies = (options: DeviceOptions, numRuns: number) =>
    fc.assert(
      fc.asyncProperty(cases, fc.integer(), async ({ shape, k }, seed) => {
        const { data } = new Values(seed).integers(shape, 0, 3, "float");
        const { values: largest, indices } = input("x", shape).topK(k);
        const executable = await compile(defineProgram("topK", { largest, indices }), { threads: 1, ...options });
        const results = await executable.run({ x: Float32Array.from(data) });
        const found = rowsOf(Array.from(results.largest!, Number), k);
        const places = rowsOf(Array.from(results.indices!, Number), k);
        for (const [index, row] of rowsOf(data, shape.at(-1)!).entries()) {
          expect(new Set(places[index]).size).toBe(k);
          expect(places[index]!.map((place) => row[place])).toEqual(found[index]);
          expect([...found[index]!].sort()).toEqual(
            [...row]
              .sort((a, b) => b - a)
              .slice(0, k)
              .sort(),
          );
        }
      }),
      { numRuns },
    );

  test("gives places that hold the values, whichever of several equal ones", () => checkTies({}, 15));

  test("gives such places on WebGPU", async ({ skip }) => {
    const missing = await webgpuMissing();
    skip(missing !== undefined, missing);
    await checkTies({ device: "webgpu", strict: true }, 3);
  }, 60_000);

  test("gives places that another tensor can be read at", async () => {
    const x = input("x", [2, 4]);
    const doubled = x.mul(2).gatherAlong(x.topK(1).indices, 1);
    const executable = await compile(defineProgram("places", { doubled }), { threads: 1 });
    const results = await executable.run({ x: Float32Array.of(1, 4, 2, 3, 8, 5, 6, 7) });
    expect([...results.doubled!]).toEqual([8, 16]);
  });

  test("refuses a k that is not there, other dtypes and scalars", () => {
    const x = input("x", [2, 4]);
    for (const k of [0, 5, 1.5]) {
      expect(() => x.topK(k)).toThrow(new RegExp(`^topK: k must be in \\[1, 4\\], found ${k}; operands: .*"x"`));
    }
    expect(() => input("scalar", []).topK(1)).toThrow(/^topK: .*"scalar"/);
    expect(() => input("flag", [4], "bool").topK(1)).toThrow(/^topK: takes .*found bool; operands: .*"flag"/);
  });
});
