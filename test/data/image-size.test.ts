// Sizes of images: their two forms, and views that are no squares.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { centreView, drawAugmentation, drawScaled } from "#src/data/augmentation.js";
import { describeSize, parseSizeWord, pixelCount, sidesOf, sizeOf, sizeWord } from "#src/data/image-size.js";
import { renderImage } from "#src/data/render.js";
import {
  type CentreTransform,
  parseTransform,
  type RandomTransform,
  type ScaledTransform,
  workingSide,
} from "#src/data/transform.js";
import { randomStream } from "#src/random/index.js";

const side = fc.integer({ min: 1, max: 96 });
const sides = fc.oneof(side, fc.tuple(side, side));
const streamOf = (seed: number) => (purpose: string) => randomStream(seed, purpose, 0, 0);

describe("a size", () => {
  test("has one form: a number for squares, else height and width", () => {
    expect(sidesOf({ width: 5, height: 5 })).toBe(5);
    expect(sidesOf({ width: 7, height: 5 })).toEqual([5, 7]);
    fc.assert(
      fc.property(sides, (given) => {
        const size = sizeOf(given);
        expect(sizeOf(sidesOf(size))).toEqual(size);
        expect(pixelCount(given)).toBe(size.width * size.height);
        expect(parseSizeWord(sizeWord(given), 96)).toEqual(sidesOf(size));
      }),
    );
  });

  test("is described with its height first, which is said", () => {
    expect(describeSize(64)).toBe("64 x 64 pixels");
    expect(describeSize([96, 160])).toBe("96 (height) x 160 (width) pixels");
  });

  test.each([
    "",
    "x",
    "0",
    "0x4",
    "4x0",
    "97",
    "4x97",
    "4x5x6",
    "4 x 5",
    "-4",
    "4.5",
    "1e2",
    "xx",
  ])('is not "%s"', (word) => expect(parseSizeWord(word, 96)).toBeUndefined());
});

describe("views that are no squares", () => {
  const image = fc.record({ width: fc.integer({ min: 1, max: 300 }), height: fc.integer({ min: 1, max: 300 }) });

  test("the fixed view keeps proportions, lies within the image, and shows all of one of its sides", () => {
    fc.assert(
      fc.property(image, fc.tuple(side, side), ({ width, height }, wanted) => {
        const transform = { kind: "centre", resize: Math.min(...wanted) } satisfies CentreTransform;
        const { region } = centreView(width, height, wanted, transform);
        const [rows, columns] = wanted;
        // Whole pixels of the resized image: each side is off by less than one of them.
        expect(Math.min(Math.abs(region.width - width), Math.abs(region.height - height))).toBeLessThan(1e-9);
        expect(region.left).toBeGreaterThanOrEqual(-1e-9);
        expect(region.top).toBeGreaterThanOrEqual(-1e-9);
        expect(region.left + region.width).toBeLessThanOrEqual(width + 1e-9);
        expect(region.top + region.height).toBeLessThanOrEqual(height + 1e-9);
        const [perColumn, perRow] = [region.width / columns, region.height / rows];
        const resized = Math.min(width / perColumn, height / perRow);
        expect(Math.abs(perColumn / perRow - 1)).toBeLessThan(1.001 / resized + 1e-9);
      }),
    );
  });

  test("the proportions of a crop are relative to those of the view", () => {
    const options = parseTransform({ ratio: [3 / 4, 4 / 3], scale: [0.1, 0.3] }, [20, 60]) as RandomTransform;
    const found = Array.from({ length: 400 }, (_, seed) => {
      const { region } = drawAugmentation(streamOf(seed), 3000, 3000, [20, 60], options);
      return region.width / region.height / 3;
    });
    expect(Math.min(...found)).toBeGreaterThan(0.74);
    expect(Math.max(...found)).toBeLessThan(1.35);
    expect(Math.min(...found)).toBeLessThan(0.78);
    expect(Math.max(...found)).toBeGreaterThan(1.28);
  });

  test("an image of the working side or more loses nothing: every crop has the pixels of the view", () => {
    fc.assert(
      fc.property(
        fc.tuple(side, side),
        fc.double({ min: 0, max: 2, noNaN: true }),
        fc.nat(1000),
        (wanted, extra, seed) => {
          const options = parseTransform({ scale: [0.3, 1] }, wanted) as RandomTransform;
          const shorter = workingSide(options, wanted);
          const longer = Math.round(shorter * (1 + extra));
          for (const [width, height] of [
            [shorter, longer],
            [longer, shorter],
          ] as const) {
            const { region } = drawAugmentation(streamOf(seed), width, height, wanted, options);
            // Sides are rounded to whole pixels.
            expect(region.height).toBeGreaterThanOrEqual(wanted[0] - 1);
            expect(region.width).toBeGreaterThanOrEqual(wanted[1] - 1);
          }
        },
      ),
    );
  });

  test("from a scale of 1 on, the image fills the view; scaled into it, up to 1 all of it is seen", () => {
    fc.assert(
      fc.property(image, fc.tuple(side, side), fc.nat(1000), ({ width, height }, wanted, seed) => {
        const options = (fit: "outside" | "inside") =>
          parseTransform({ kind: "scaled", fit, scale: [1, 1], flipProbability: 0 }, wanted) as ScaledTransform;
        expect(drawScaled(streamOf(seed), { width, height }, wanted, options("outside")).filled).toBeUndefined();
        const { region, filled } = drawScaled(streamOf(seed), { width, height }, wanted, options("inside"));
        expect([region.left, region.top]).toEqual([0, 0]);
        const { columns, rows } = filled ?? { columns: wanted[1], rows: wanted[0] };
        expect(Math.max(columns / wanted[1], rows / wanted[0])).toBe(1);
      }),
    );
  });

  test("every change of pixels leaves a view of another shape as large as it is, and flips are mirrored", () => {
    const [width, height] = [40, 30];
    const pixels = Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * 37) % 256);
    const source = { pixels, width, height, channels: 3 };
    const rendered = (options: object, wanted: readonly [number, number]) => {
      const out = new Uint8Array(pixelCount(wanted) * 3 + 2).fill(7);
      renderImage(source, parseTransform(options, wanted), { seed: 3, epoch: 0, index: 0, view: 0 }, wanted, out, 1);
      expect([out[0], out.at(-1)]).toEqual([7, 7]);
      return out.subarray(1, -1);
    };
    const everything = {
      randAugment: { operations: 8 },
      colorJitter: { brightness: 0.4, hue: 0.1 },
      blur: { sigma: [1, 2] },
      randomErasing: { probability: 1 },
      solarize: {},
    };
    for (const wanted of [
      [12, 30],
      [30, 12],
    ] as const) {
      expect(new Set(rendered(everything, wanted)).size).toBeGreaterThan(10);
      const plain = { scale: [1, 1], ratio: [1, 1] };
      const [kept, flipped] = [0, 1].map((flipProbability) => rendered({ ...plain, flipProbability }, wanted));
      const columns = wanted[1];
      const mirrored = kept!.map((_, at) => {
        const [pixel, channel] = [Math.floor(at / 3), at % 3];
        const [row, column] = [Math.floor(pixel / columns), pixel % columns];
        return kept![(row * columns + columns - 1 - column) * 3 + channel]!;
      });
      expect(flipped).toEqual(mirrored);
    }
  });
});
