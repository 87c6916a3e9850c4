// RandAugment's draws: fifteen operations equally often, half of them left out, with timm's strengths and signs.

import { describe, expect, test } from "vitest";
import { parseTransform, type RandomTransform } from "#src/data/index.js";
import { drawRandAugment } from "#src/data/rand-augment.js";
import { randomStream } from "#src/random/index.js";

const options = (given: object = {}) => (parseTransform({ randAugment: given }, 32) as RandomTransform).randAugment!;
const draw = (index: number, given: object = {}) =>
  drawRandAugment(randomStream(3, "rand-augment", 0, index), options(given));

describe("drawRandAugment", () => {
  const count = 12_000;
  const drawn = Array.from({ length: count }, (_, i) => draw(i));
  const all = drawn.flat();
  const amounts = (name: string) => all.filter((operation) => operation.name === name).map(({ amount }) => amount);

  test("has timm's numbers as defaults", () => {
    expect(options()).toEqual({ operations: 2, magnitude: 9, magnitudeDeviation: 0.5 });
  });

  test("draws each of fifteen operations equally often, and none, one and two in 1 : 2 : 1", () => {
    const names = new Set(all.map(({ name }) => name));
    expect(names.size).toBe(15);
    for (const name of names) expect(Math.abs((amounts(name).length * 15) / count - 1)).toBeLessThan(0.15);
    const applied = [0, 1, 2].map((size) => drawn.filter(({ length }) => length === size).length / count);
    for (const [i, share] of [0.25, 0.5, 0.25].entries()) expect(Math.abs(applied[i]! - share)).toBeLessThan(0.02);
    const twice = drawn.filter((two) => two.length === 2);
    const same = twice.filter(([first, second]) => first!.name === second!.name).length;
    expect(Math.abs(same / twice.length - 1 / 15)).toBeLessThan(0.02);
  });

  test("draws strengths around 0.9 up to 1, with either sign where there is one", () => {
    for (const [name, largest, neutral] of [
      ["rotate", 30, 0],
      ["shearX", 0.3, 0],
      ["shearY", 0.3, 0],
      ["translateX", 0.45, 0],
      ["translateY", 0.45, 0],
      ["color", 0.9, 1],
      ["contrast", 0.9, 1],
      ["brightness", 0.9, 1],
      ["sharpness", 0.9, 1],
    ] as const) {
      const strengths = amounts(name).map((amount) => (amount - neutral) / largest);
      const sizes = strengths.map(Math.abs);
      expect(Math.max(...sizes)).toBeCloseTo(1, 10);
      expect(Math.min(...sizes)).toBeGreaterThan(0.65);
      expect(Math.abs(sizes.reduce((sum, size) => sum + size, 0) / sizes.length - 0.8995)).toBeLessThan(0.01);
      expect(Math.abs(strengths.filter((strength) => strength > 0).length / strengths.length - 0.5)).toBeLessThan(0.08);
    }
  });

  test("rounds the strengths of tones as timm does", () => {
    const exactly = (name: string, magnitude: number) => {
      for (let i = 0; i < 200; i++) {
        const found = draw(i, { magnitude, magnitudeDeviation: 0 }).find((operation) => operation.name === name);
        if (found) return found.amount;
      }
      throw new Error(`${name} was never drawn`);
    };
    expect([0, 5, 9, 10].map((magnitude) => exactly("posterize", magnitude))).toEqual([4, 2, 1, 0]);
    expect([0, 5, 9, 10].map((magnitude) => exactly("solarize", magnitude))).toEqual([256, 128, 26, 0]);
    expect([0, 5, 9, 10].map((magnitude) => exactly("solarizeAdd", magnitude))).toEqual([0, 55, 99, 110]);
  });

  test("is a function of the stream, and the first operation does not depend on how many follow", () => {
    expect(draw(7)).toEqual(drawn[7]);
    for (let i = 0; i < 50; i++) {
      const one = draw(i, { operations: 1 });
      expect(draw(i, { operations: 4 }).slice(0, one.length)).toEqual(one);
    }
  });
});
