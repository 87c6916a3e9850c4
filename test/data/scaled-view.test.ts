// The view that keeps an image's proportions: image, mask and boxes agree, and what is beyond the image is filled.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { drawScaled, type View } from "#src/data/augmentation.js";
import { placeBoxes } from "#src/data/box-view.js";
import { boxTable, parseTransform, type ScaledTransform } from "#src/data/index.js";
import { largestClassShare, resampleMask } from "#src/data/mask-view.js";
import { renderImage } from "#src/data/render.js";
import { workingSide } from "#src/data/transform.js";
import { randomStream } from "#src/random/index.js";

const SIZE = 16;
const FILL = [1, 2, 3];

function scaled(options: object): ScaledTransform {
  return parseTransform({ kind: "scaled", fill: FILL, ...options }, SIZE) as ScaledTransform;
}

const cases = fc.record({
  width: fc.integer({ min: 4, max: 40 }),
  height: fc.integer({ min: 4, max: 40 }),
  fit: fc.constantFrom("outside", "inside"),
  low: fc.double({ min: 0.3, max: 1.5, noNaN: true }),
  seed: fc.nat(),
});

describe("a scaled view", () => {
  test("shows image and mask at the same places, and fills both where the image ends", () =>
    fc.assert(
      fc.property(cases, ({ width, height, fit, low, seed }) => {
        // Vertical halves: the mask's classes are the image's colours.
        const mask = Uint8Array.from({ length: width * height }, (_, at) => (at % width < width / 2 ? 0 : 1));
        const pixels = Uint8Array.from({ length: 3 * width * height }, (_, at) => 40 + 160 * mask[Math.floor(at / 3)]!);
        const image = { pixels, mask, width, height, channels: 3 };
        const key = { seed, epoch: 0, index: 0, view: 0 };
        const out = new Uint8Array(3 * SIZE * SIZE);
        const view = renderImage(image, scaled({ scale: [low, low + 0.4], fit }), key, SIZE, out, 0);
        const labels = new Uint8Array(SIZE * SIZE);
        resampleMask(image, view, SIZE, labels, 0);
        for (let y = 0; y < SIZE; y++) {
          for (let x = 0; x < SIZE; x++) {
            const [place, column] = [y * SIZE + x, view.flip ? SIZE - 1 - x : x];
            const beyond = view.filled && (y >= view.filled.rows || column >= view.filled.columns);
            const colour = [...out.subarray(3 * place, 3 * place + 3)];
            expect(labels[place] === 255).toBe(beyond === true);
            if (beyond) expect(colour).toEqual(FILL);
            // At the edge between the halves the filter mixes both.
            else if (colour[0]! < 60) expect(labels[place]).toBe(0);
            else if (colour[0]! > 180) expect(labels[place]).toBe(1);
          }
        }
        expect(view.filled === undefined).toBe(!labels.includes(255));
      }),
    ));

  test("keeps proportions, and is as large as asked for", () =>
    fc.assert(
      fc.property(cases, ({ width, height, fit, low, seed }) => {
        const streamOf = (purpose: string) => randomStream(seed, purpose, 0, 0);
        const view = drawScaled(streamOf, { width, height }, SIZE, scaled({ scale: [low, low], fit }));
        const side = fit === "outside" ? Math.min(width, height) : Math.max(width, height);
        // The image is scaled to whole pixels each way, of which the square shows so many.
        const scaledTo = (length: number) => Math.max(1, Math.round(length * ((SIZE * low) / side)));
        const [columns, rows] = [scaledTo(width), scaledTo(height)];
        expect(view.region.width).toBeCloseTo((SIZE * width) / columns, 9);
        expect(view.region.height).toBeCloseTo((SIZE * height) / rows, 9);
        expect(view.filled === undefined).toBe(columns >= SIZE && rows >= SIZE);
        expect(view.region.left).toBeGreaterThanOrEqual(0);
        expect(view.region.top).toBeGreaterThanOrEqual(0);
        expect(workingSide(scaled({ scale: [low, low], fit }), SIZE)).toBe(Math.ceil(SIZE * low));
      }),
    ));

  test("boxes lie where the square shows what they hold", () => {
    const boxes = boxTable([{ width: 20, height: 10, boxes: [[10, 0, 20, 10]] }]);
    const streamOf = (purpose: string) => randomStream(3, purpose, 0, 0);
    const options = scaled({ scale: [1, 1], fit: "inside", flipProbability: 0 });
    const view = drawScaled(streamOf, { width: 20, height: 10 }, SIZE, options);
    expect([...placeBoxes(boxes, 0, { width: 20, height: 10 }, view, SIZE).edges]).toEqual([8, 0, 16, 8]);
    expect(view.filled).toEqual({ columns: 16, rows: 8, fill: FILL });
  });

  test("crops of one class are drawn again, as long as there are others", () => {
    // Class 1 is a twentieth of the image at its right edge.
    const [width, height] = [200, 20];
    const mask = Uint8Array.from({ length: width * height }, (_, at) => (at % width < 190 ? 0 : 1));
    const image = { pixels: new Uint8Array(width * height * 3), mask, width, height, channels: 3 } as const;
    const shares = (maxClassShare: number) =>
      Array.from({ length: 60 }, (_, seed) => {
        const streamOf = (purpose: string) => randomStream(seed, purpose, 0, 0);
        const classShare = (view: View) => largestClassShare(image, view, SIZE);
        const view = drawScaled(
          streamOf,
          { width, height, classShare },
          SIZE,
          scaled({ scale: [1, 1], maxClassShare }),
        );
        return largestClassShare(image, view, SIZE);
      });
    const mixed = (all: readonly number[]) => all.filter((share) => share < 1).length;
    expect(mixed(shares(0.9))).toBeGreaterThan(2 * mixed(shares(1)));
    expect(largestClassShare({ ...image, mask: mask.map(() => 255) }, drawnView(), SIZE)).toBe(0);

    function drawnView(): View {
      return drawScaled((purpose) => randomStream(0, purpose, 0, 0), image, SIZE, scaled({}));
    }
  });

  test("refuses ranges in the wrong order, and colours of images without any", () => {
    expect(() => scaled({ scale: [2, 1] })).toThrow(/must not be above the second/);
    expect(() => parseTransform({ kind: "scaled", colorJitter: { hue: 0.1 } }, SIZE, 1)).toThrow(/colorJitter.hue/);
  });
});
