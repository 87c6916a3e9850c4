// Masks: how often, how much, and of which shape.
import { describe, expect, test } from "vitest";
import { drawMask } from "#src/methods/ibot/masks.js";
import { randomStream } from "#src/random/index.js";

const options = { maskProbability: 0.5, maskShare: [0.1, 0.5] as [number, number], maskShape: "block" as const };
const draw = (side: number, changes: object, index: number, columns = side) =>
  drawMask(randomStream(1, "mask", 0, index), { rows: side, columns }, { ...options, ...changes });
const count = (mask: Int32Array) => mask.reduce((sum, value) => sum + value, 0);

describe("drawMask", () => {
  test.each([
    "block",
    "random",
  ] as const)("%s: about half of the crops hide something, at most half of it", (maskShape) => {
    const counts = Array.from({ length: 1000 }, (_, index) => count(draw(14, { maskShape }, index)));
    const masked = counts.filter((hidden) => hidden > 0);
    expect(masked.length).toBeGreaterThan(440);
    expect(masked.length).toBeLessThan(560);
    expect(Math.max(...masked)).toBeLessThanOrEqual(98);
    const mean = masked.reduce((sum, hidden) => sum + hidden, 0) / masked.length;
    // A share drawn evenly from 0.1 to 0.5 has the mean 0.3; rectangles may stop early.
    expect(mean / 196).toBeGreaterThan(0.24);
    expect(mean / 196).toBeLessThan(0.32);
  });

  test("random masks hide exactly the share", () => {
    const mask = draw(8, { maskProbability: 1, maskShare: [0.25, 0.25], maskShape: "random" }, 0);
    expect(count(mask)).toBe(16);
  });

  test("of an image that is no square, all of its patches are hidden now and then, and at most the share", () => {
    const hidden = new Array<number>(5 * 9).fill(0);
    for (let index = 0; index < 500; index++) {
      const mask = draw(5, { maskProbability: 1, maskShare: [0.4, 0.4] }, index, 9);
      expect(mask).toHaveLength(45);
      expect(count(mask)).toBeLessThanOrEqual(18);
      for (const [cell, value] of mask.entries()) hidden[cell]! += value;
    }
    expect(Math.min(...hidden)).toBeGreaterThan(20);
  });

  test("blocks: hidden patches have more hidden neighbours than random ones", () => {
    const neighbours = (maskShape: string) => {
      let together = 0;
      for (let index = 0; index < 100; index++) {
        const mask = draw(14, { maskProbability: 1, maskShare: [0.3, 0.3], maskShape }, index);
        for (let cell = 0; cell < 195; cell++) if (cell % 14 < 13) together += mask[cell]! * mask[cell + 1]!;
      }
      return together;
    };
    expect(neighbours("block")).toBeGreaterThan(1.8 * neighbours("random"));
  });

  test.each([1, 2, 3, 4, 5])("a grid of %i cells a side ends, within the share", (grid) => {
    for (let index = 0; index < 50; index++) {
      expect(count(draw(grid, { maskProbability: 1 }, index))).toBeLessThanOrEqual(grid * grid * 0.5);
    }
  });
});
