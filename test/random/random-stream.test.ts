// Streams: pure functions of their key, independent of each other, with the distributions that they promise.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type RandomStream, randomStream } from "#src/random/index.js";

const draw = (stream: RandomStream, count: number) => Array.from({ length: count }, () => stream.uint32());

describe("randomStream", () => {
  test("gives the same numbers for the same key", () => {
    expect(draw(randomStream(7, "mask", 3, 11), 100)).toEqual(draw(randomStream(7, "mask", 3, 11), 100));
  });

  test("never changes: the first words of one key are pinned", () => {
    // Checkpoints resume by recomputing these; a change here breaks every stored run.
    expect(draw(randomStream(0, "order", 0, 0), 4)).toMatchInlineSnapshot(`
      [
        1076173388,
        3958059825,
        4025291328,
        1985315708,
      ]
    `);
    expect(draw(randomStream(2 ** 40 + 5, "augmentation", 9, 2 ** 33 + 1), 4)).toMatchInlineSnapshot(`
      [
        2566600702,
        1678370094,
        405836281,
        3441328751,
      ]
    `);
  });

  test("differs in every part of the key", () => {
    const keys: [number, string, number, number][] = [
      [0, "a", 0, 0],
      [1, "a", 0, 0],
      [2 ** 32, "a", 0, 0],
      [0, "b", 0, 0],
      [0, "", 0, 0],
      [0, "aa", 0, 0],
      [0, "ab", 0, 0],
      [0, "ba", 0, 0],
      [0, "a", 1, 0],
      [0, "a", 0, 1],
      [0, "a", 0, 2 ** 32],
    ];
    const seen = new Set(keys.map((key) => draw(randomStream(...key), 4).join()));
    expect(seen.size).toBe(keys.length);
  });

  test("spreads uniform() evenly over [0, 1)", () => {
    const stream = randomStream(1, "test", 0, 0);
    const bins = new Array<number>(10).fill(0);
    for (let i = 0; i < 50_000; i++) {
      bins[Math.floor(stream.uniform() * 10)]!++;
    }
    // A number outside of [0, 1) would have gone to a bin of its own.
    expect(Object.keys(bins).length).toBe(10);
    const chiSquared = bins.reduce((sum, n) => sum + (n - 5000) ** 2 / 5000, 0);
    expect(chiSquared).toBeLessThan(27.9); // 0.1% quantile with 9 degrees of freedom
  });

  test("is even over the first number of neighbouring indices too", () => {
    let sum = 0;
    for (let index = 0; index < 20_000; index++) sum += randomStream(3, "crop", 0, index).uniform();
    expect(sum / 20_000).toBeCloseTo(0.5, 2);
  });

  test("gives normal() mean 0, variance 1 and the right tails", () => {
    const stream = randomStream(2, "test", 0, 0);
    const count = 100_000;
    let sum = 0;
    let squares = 0;
    let beyondTwo = 0;
    for (let i = 0; i < count; i++) {
      const value = stream.normal();
      sum += value;
      squares += value * value;
      if (Math.abs(value) > 2) beyondTwo++;
    }
    expect(Math.abs(sum / count)).toBeLessThan(0.02);
    expect(Math.abs(squares / count - 1)).toBeLessThan(0.03);
    expect(Math.abs(beyondTwo / count - 0.0455)).toBeLessThan(0.004);
  });

  test("keeps uniformIn within its limits", () => {
    const stream = randomStream(2, "test", 0, 0);
    for (let i = 0; i < 1000; i++) {
      const value = stream.uniformIn(-3, 5);
      expect(value >= -3 && value < 5).toBe(true);
    }
  });

  test("gives integer(bound) without favouring small numbers", () => {
    // With a plain remainder, 3 * 2^30 would give the lower third twice as often.
    const stream = randomStream(4, "test", 0, 0);
    const bound = 3 * 2 ** 30;
    let lower = 0;
    for (let i = 0; i < 30_000; i++) if (stream.integer(bound) < 2 ** 30) lower++;
    expect(Math.abs(lower / 30_000 - 1 / 3)).toBeLessThan(0.015);
    expect(stream.integer(1)).toBe(0);
    expect(stream.integer(2 ** 32)).toBeLessThan(2 ** 32);
  });

  test("permutation(n) holds every number once", () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(), (n, seed) => {
        const order = randomStream(seed, "order", 0, 0).permutation(n);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
    );
  });

  test("permutation reaches all orders of three equally often", () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = randomStream(5, "order", 0, i).permutation(3).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const n of counts.values()) expect(Math.abs(n - 1000)).toBeLessThan(130);
  });

  test("refuses keys and bounds that it cannot hold", () => {
    expect(() => randomStream(-1, "a", 0, 0)).toThrow(/seed must be a whole number/);
    expect(() => randomStream(0.5, "a", 0, 0)).toThrow(/seed/);
    expect(() => randomStream(0, "a", 2 ** 32, 0)).toThrow(/epoch/);
    expect(() => randomStream(0, "a", 0, Number.NaN)).toThrow(/index/);
    expect(() => randomStream(0, "a", 0, 0).integer(0)).toThrow(/bound/);
    expect(() => randomStream(0, "a", 0, 0).integer(2 ** 32 + 1)).toThrow(/bound/);
    expect(() => randomStream(0, "a", 0, 0).permutation(-1)).toThrow(/n must be/);
  });
});
