// Arrays in main memory: named, contiguous, taken chunk by chunk.
import { describe, expect, test } from "vitest";
import { HostArrays, hostBytes } from "#src/engine/host-arrays.js";
import { EngineError } from "#src/engine/index.js";
import { memoryOf } from "./host-memory.js";

const [decayed, undecayed] = [{ decays: true }, { decays: false }];
const tensors = [
  { name: "weight", shape: [300, 300], group: decayed },
  { name: "bias", shape: [300], group: undecayed },
  { name: "head", shape: [2, 2], group: decayed },
];

describe("HostArrays", () => {
  test("start with zeros, and hold what is written under each name", async () => {
    const arrays = new HostArrays(tensors);
    expect(Object.keys(arrays.byName)).toEqual(["weight", "bias", "head"]);
    expect(await arrays.byName.head!.read()).toEqual(new Float32Array(4));
    await arrays.byName.head!.write(Float32Array.of(1, 2, 3, 4));
    expect(await arrays.byName.head!.read()).toEqual(Float32Array.of(1, 2, 3, 4));
    expect(arrays.memory.filter((value) => value !== 0)).toEqual(Float32Array.of(1, 2, 3, 4));
  });

  test("refuse another number of values, and say both", async () => {
    const { head } = new HostArrays(tensors).byName;
    await expect(head!.write(new Float32Array(5))).rejects.toThrow(EngineError);
    await expect(head!.write(new Float32Array(5))).rejects.toThrow("an array of 4 values was given 5");
  });

  test("are covered by parts of one size, each of one group", () => {
    const arrays = new HostArrays(tensors);
    expect(arrays.parts.map(({ group }) => group)).toEqual([decayed, decayed, undecayed]);
    expect(new Set(arrays.parts.map(({ array }) => array.length)).size).toBe(1);
    for (const [index, { array }] of arrays.parts.entries()) memoryOf(array).fill(index + 1);
    expect(arrays.memory.every((value) => value > 0)).toBe(true);
    expect(new Set(memoryOf(arrays.byName.bias))).toEqual(new Set([3]));
    expect(hostBytes(tensors)).toBe(arrays.memory.byteLength);
  });

  test("take over the values of others of the same tensors", async () => {
    const [from, to] = [new HostArrays(tensors), new HostArrays(tensors)];
    from.memory.fill(3);
    await to.copyFrom(from);
    expect(to.memory).toEqual(from.memory);
    await expect(to.copyFrom(new HostArrays([]))).rejects.toThrow(EngineError);
  });

  test("more values than an array can hold are refused in words", () => {
    const vast = [{ name: "vast", shape: [2 ** 26, 2 ** 24], group: decayed }];
    expect(() => new HostArrays(vast)).toThrow(EngineError);
    expect(() => new HostArrays(vast)).toThrow("found 1125899906842624 values");
  });
});
