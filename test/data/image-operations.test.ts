// The operations of RandAugment: Pillow's values, and by hand where one can follow them.

import { describe, expect, test } from "vitest";
import { applyOperation, type OperationName } from "#src/data/image-operations.js";
import { type PillowCase, pillowMissing, runPillow, testSquares } from "./pillow.js";

function applied(name: OperationName, amount: number, pixels: ArrayLike<number>): number[] {
  const bytes = Uint8Array.from(pixels);
  applyOperation(bytes, Math.sqrt(bytes.length / 3), { name, amount });
  return [...bytes];
}

/** A square of grey pixels. */
const grey = (...values: number[]) => values.flatMap((value) => [value, value, value]);

describe("by hand", () => {
  test.each([
    ["autoContrast", 0, [50, 100, 150, 100], [0, 127, 255, 127]],
    ["autoContrast", 0, [9, 9, 9, 9], [9, 9, 9, 9]],
    ["equalize", 0, [9, 8, 7, 6], [9, 8, 7, 6]],
    ["invert", 0, [0, 1, 128, 255], [255, 254, 127, 0]],
    ["posterize", 2, [63, 64, 130, 255], [0, 64, 128, 192]],
    ["posterize", 0, [63, 64, 130, 255], [0, 0, 0, 0]],
    ["solarize", 100, [0, 99, 100, 255], [0, 99, 155, 0]],
    ["solarize", 256, [0, 99, 100, 255], [0, 99, 100, 255]],
    ["solarizeAdd", 110, [0, 127, 128, 255], [110, 237, 128, 255]],
    ["brightness", 1.5, [0, 10, 100, 200], [0, 15, 150, 255]],
    ["contrast", 0.5, [0, 100, 100, 200], [50, 100, 100, 150]],
    ["color", 0.1, [0, 100, 100, 200], [0, 100, 100, 200]],
    ["sharpness", 1.9, [0, 100, 100, 200], [0, 100, 100, 200]],
    ["translateX", 0.5, [1, 2, 3, 4], [2, 128, 4, 128]],
    ["translateY", -0.5, [1, 2, 3, 4], [128, 128, 1, 2]],
    ["rotate", 90, [1, 2, 3, 4], [2, 4, 1, 3]],
    ["shearX", 0.5, [0, 100, 100, 0], [25, 100, 25, 128]],
    ["shearY", 0.5, [0, 100, 100, 0], [25, 25, 100, 128]],
  ] as const)("%s by %d", (name, amount, before, after) => {
    expect(applied(name, amount, grey(...before))).toEqual(grey(...after));
  });

  test("equalize gives each value the share of the pixels that are darker", () => {
    // 255 pixels of 10, 255 of 11 and 514 of 12: a step is two pixels, so the values are 0, 255 / 2 and 510 / 2.
    const squeezed = Array.from({ length: 1024 }, (_, i) => 10 + Math.min(2, Math.floor(i / 255)));
    const seen = applied("equalize", 0, grey(...squeezed));
    expect([seen[0], seen[3 * 255], seen[3 * 510]]).toEqual([0, 128, 255]);
    expect(new Set(seen).size).toBe(3);
  });

  test("sharpness moves the middle away from the mean of its neighbourhood and leaves the border", () => {
    const square = grey(0, 0, 0, 0, 130, 0, 0, 0, 0);
    expect(applied("sharpness", 0.1, square)).toEqual(grey(0, 0, 0, 0, 58, 0, 0, 0, 0));
    expect(applied("sharpness", 1.5, square)).toEqual(grey(0, 0, 0, 0, 170, 0, 0, 0, 0));
  });

  test("color moves towards the grey of each pixel", () => {
    expect(applied("color", 0.1, [200, 100, 50])).toEqual([132, 122, 117]);
  });
});

describe.skipIf(pillowMissing !== undefined)(`Pillow${pillowMissing ? ` (${pillowMissing})` : ""}`, () => {
  const size = 33;
  const squares = testSquares(size);
  const amounts: Readonly<Record<OperationName, readonly number[]>> = {
    autoContrast: [0],
    equalize: [0],
    invert: [0],
    rotate: [-30, -7.3, 0.5, 27],
    posterize: [0, 1, 2, 4],
    solarize: [0, 26, 128, 256],
    solarizeAdd: [0, 37, 110],
    color: [0.1, 0.7, 1.9],
    contrast: [0.1, 0.7, 1.9],
    brightness: [0.1, 0.7, 1.9],
    sharpness: [0.1, 0.7, 1.9],
    shearX: [-0.3, 0.123, 0.3],
    shearY: [-0.3, 0.123, 0.3],
    translateX: [-0.45, 0.101, 0.45],
    translateY: [-0.45, 0.101, 0.45],
  };
  // Pillow cuts a changed colour down to a whole number where this project rounds, and rounds sines to 15 digits.
  const withinOne: readonly string[] = ["color", "contrast", "brightness", "sharpness", "rotate"];

  test("gives the same pixels for every operation", () => {
    const cases: PillowCase[] = squares.flatMap((_, image) =>
      Object.entries(amounts).flatMap(([name, all]) => all.map((amount): PillowCase => [image, name, amount])),
    );
    const wanted = runPillow(squares, size, cases);
    for (const [i, [image, name, amount]] of cases.entries()) {
      const found = applied(name as OperationName, amount, squares[image]!);
      const difference = found.reduce((worst, value, at) => Math.max(worst, Math.abs(value - wanted[i]![at]!)), 0);
      const what = `${name} by ${amount} of image ${image}`;
      expect(difference, what).toBeLessThanOrEqual(withinOne.includes(name) ? 1 : 0);
    }
  });

  test("gives the same greys, to within one, for an image without colours", () => {
    const wanted = runPillow(
      squares,
      size,
      squares.map((_, image): PillowCase => [image, "grayscale", 0]),
    );
    for (const [i, square] of squares.entries()) {
      const found = applied("color", 0, square);
      for (const [at, value] of found.entries()) expect(Math.abs(value - wanted[i]![at]!)).toBeLessThanOrEqual(1);
    }
  });
});
