// Random erasing: rectangles of the areas and aspects asked for, filled with ImageNet's noise and nothing around them.

import { describe, expect, test } from "vitest";
import { parseTransform, type RandomTransform } from "#src/data/index.js";
import { drawErasing, eraseRegion } from "#src/data/random-erasing.js";
import { randomStream } from "#src/random/index.js";

const options = (given: object = {}) =>
  (parseTransform({ randomErasing: given }, 32) as RandomTransform).randomErasing!;
const draw = (index: number, size: number, given: object = {}) =>
  drawErasing(randomStream(3, "random erasing", 0, index), size, options(given));

describe("drawErasing", () => {
  test("erases a quarter of the squares", () => {
    const erased = Array.from({ length: 4000 }, (_, i) => draw(i, 224)).filter((region) => region !== undefined);
    expect(Math.abs(erased.length / 4000 - 0.25)).toBeLessThan(0.025);
  });

  test("draws whole pixels within the square, of the areas and aspects asked for", () => {
    const regions = Array.from({ length: 3000 }, (_, i) => draw(i, 1000, { probability: 1 })!);
    let area = 0;
    let tall = 0;
    let left = 0;
    for (const region of regions) {
      expect(Object.values(region).every(Number.isInteger)).toBe(true);
      expect(Math.min(region.left, region.top)).toBeGreaterThanOrEqual(0);
      expect(region.left + region.width).toBeLessThanOrEqual(1000);
      expect(region.top + region.height).toBeLessThanOrEqual(1000);
      const share = (region.width * region.height) / 1e6;
      expect(share).toBeGreaterThan(0.0195);
      expect(share).toBeLessThan(0.3345);
      expect(region.height / region.width).toBeGreaterThan(0.295);
      expect(region.height / region.width).toBeLessThan(3.39);
      area += share;
      if (region.height > region.width) tall++;
      if (region.left < (1000 - region.width) / 2) left++;
    }
    expect(Math.abs(area / 3000 - (0.02 + 1 / 3) / 2)).toBeLessThan(0.01);
    expect(Math.abs(tall / 3000 - 0.5)).toBeLessThan(0.03);
    expect(Math.abs(left / 3000 - 0.5)).toBeLessThan(0.03);
  });

  test("gives up where nothing fits", () => {
    expect(draw(0, 32, { probability: 1, area: [1, 1] })).toBeUndefined();
  });
});

describe("eraseRegion", () => {
  test("fills the rectangle with noise of ImageNet's mean and deviation, and touches nothing else", () => {
    const size = 120;
    const pixels = new Uint8Array(size * size * 3).fill(7);
    const region = { left: 10, top: 5, width: 100, height: 90 };
    eraseRegion(pixels, size, region, randomStream(1, "erasing noise", 0, 0));
    const inside: number[][] = [[], [], []];
    for (let i = 0; i < pixels.length; i++) {
      const [x, y] = [Math.floor(i / 3) % size, Math.floor(i / (3 * size))];
      if (x >= 10 && x < 110 && y >= 5 && y < 95) inside[i % 3]!.push(pixels[i]!);
      else expect(pixels[i]).toBe(7);
    }
    // The deviation falls a little short of 58, 57 and 57, since values are limited to 0 and 255.
    const expected = [
      [124, 57],
      [116, 56],
      [104, 55],
    ] as const;
    for (const [channel, values] of inside.entries()) {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
      expect(Math.abs(mean - expected[channel]![0])).toBeLessThan(2.5);
      expect(Math.abs(deviation - expected[channel]![1])).toBeLessThan(2);
    }
    expect(inside[0]).not.toEqual(inside[1]);
  });
});
