// Gaussian blur: the Gaussian itself around a single pixel, the border that goes on, and Pillow's values nearby.

import { describe, expect, test } from "vitest";
import { gaussianBlur } from "#src/data/gaussian-blur.js";
import { type PillowCase, pillowMissing, runPillow, testSquares } from "./pillow.js";

function blurred(pixels: Uint8Array, size: number, sigma: number): Uint8Array {
  const result = pixels.slice();
  gaussianBlur(result, size, sigma);
  return result;
}

test.each([0.5, 1, 1.7])("spreads one pixel as a Gaussian of deviation %d", (sigma) => {
  const size = 17;
  const pixels = new Uint8Array(size * size * 3);
  pixels[3 * (8 * size + 8) + 1] = 255;
  const result = blurred(pixels, size, sigma);
  const reach = Math.ceil(3 * sigma);
  const bell = (distance: number) => (Math.abs(distance) > reach ? 0 : Math.exp(-(distance ** 2) / (2 * sigma ** 2)));
  let total = 0;
  for (let distance = -reach; distance <= reach; distance++) total += bell(distance);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const expected = (255 * bell(x - 8) * bell(y - 8)) / total ** 2;
      const [red, green, blue] = result.subarray(3 * (y * size + x));
      expect([red, blue]).toEqual([0, 0]);
      expect(Math.abs(green! - expected)).toBeLessThanOrEqual(0.501);
    }
  }
});

test("the outermost pixels go on beyond the border", () => {
  const size = 6;
  const rows = Uint8Array.from({ length: size * size * 3 }, (_, i) => (i < 3 * size ? 200 : 0));
  // With sigma 0.5 and its reach of 2, a row keeps 78.66% and gives 10.65% and 0.03% to those beside it.
  const result = blurred(rows, size, 0.5);
  expect([0, 1, 2, 3].map((y) => result[y * size * 3])).toEqual([179, 21, 0, 0]);
  expect(blurred(new Uint8Array(12).fill(90), 2, 2)).toEqual(new Uint8Array(12).fill(90));
});

test("hardly any blur changes nothing", () => {
  const [noise] = testSquares(9);
  expect(blurred(noise!, 9, 0.1)).toEqual(noise);
});

describe.skipIf(pillowMissing !== undefined)(`Pillow${pillowMissing ? ` (${pillowMissing})` : ""}`, () => {
  test("differs little, since Pillow stands box filters for the Gaussian", () => {
    const size = 33;
    const squares = testSquares(size);
    const cases = squares.flatMap((_, image) => [0.5, 1, 2].map((sigma): PillowCase => [image, "blur", sigma]));
    const wanted = runPillow(squares, size, cases);
    for (const [i, [image, , sigma]] of cases.entries()) {
      const found = blurred(squares[image]!, size, sigma);
      const [inside, border]: [number[], number[]] = [[], []];
      for (const [at, value] of found.entries()) {
        const [x, y] = [Math.floor(at / 3) % size, Math.floor(at / (3 * size))];
        const isInside = Math.min(x, y, size - 1 - x, size - 1 - y) >= 6;
        (isInside ? inside : border).push(Math.abs(value - wanted[i]![at]!));
      }
      // Each of Pillow's filters continues a border that the one before has blurred, so that noise there differs more.
      expect(mean(inside)).toBeLessThan(1.2);
      expect(Math.max(...inside)).toBeLessThan(5);
      expect(mean(border)).toBeLessThan(3);
    }
  });
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
