// Masks of objects: what regions are taught follows the object through crops, flips and scales, and is laid back where it was.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { drawScaled } from "#src/data/augmentation.js";
import { placeBoxes } from "#src/data/box-view.js";
import { boxTable, parseTransform, type ScaledTransform } from "#src/data/index.js";
import { resampleMask } from "#src/data/mask-view.js";
import { maskTarget, type ObjectMask, placedMask } from "#src/heads/detection/object-masks.js";
import { MASK_SIDE } from "#src/heads/detection/region-heads.js";
import { randomStream } from "#src/random/index.js";

/** An ellipse, so that edges are seldom along rows or columns. */
function ellipse(width: number, height: number): ObjectMask {
  const pixels = Uint8Array.from({ length: width * height }, (_, at) => {
    const [x, y] = [(at % width) + 0.5, Math.floor(at / width) + 0.5];
    return ((x - 0.55 * width) / (0.35 * width)) ** 2 + ((y - 0.45 * height) / (0.3 * height)) ** 2 <= 1 ? 1 : 0;
  });
  return { width, height, pixels };
}

describe("what a region is taught", () => {
  const SIDE = 56;
  const transform = parseTransform(
    { kind: "scaled", scale: [0.5, 1.5], fit: "inside", flipProbability: 0.5 },
    SIDE,
  ) as ScaledTransform;

  test("is the mask of the same view of the image", () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 30, max: 90 }),
        fc.integer({ min: 30, max: 90 }),
        (seed, width, height) => {
          const mask = ellipse(width, height);
          const image = { width, height, channels: 1, pixels: mask.pixels, mask: mask.pixels };
          const view = drawScaled((purpose) => randomStream(seed, purpose, 0, 0), image, SIDE, transform);
          const table = boxTable([{ width: 2 * width, height: 2 * height, boxes: [[0, 0, 2 * width, 2 * height]] }]);
          const { frames, numbers } = placeBoxes(table, 0, image, view, SIDE);
          if (numbers.length === 0) return;
          // A region as large as half of the square: a cell of its mask is a pixel of the square.
          const regions = Float32Array.of(14, 14, 42, 42);
          const found = new Uint8Array(MASK_SIDE ** 2);
          const large: ObjectMask = {
            width: 2 * width,
            height: 2 * height,
            pixels: Uint8Array.from({ length: 4 * width * height }, (_, at) => {
              const [x, y] = [at % (2 * width), Math.floor(at / (2 * width))];
              return mask.pixels[Math.floor(y / 2) * width + Math.floor(x / 2)]!;
            }),
          };
          maskTarget(large, regions, 0, frames, 0, SIDE, found, 0);
          const square = new Uint8Array(SIDE * SIDE);
          resampleMask(image, view, SIDE, square, 0);
          let different = 0;
          for (let at = 0; at < found.length; at++) {
            const [x, y] = [14 + (at % MASK_SIDE), 14 + Math.floor(at / MASK_SIDE)];
            const wanted = square[y * SIDE + x] === 1 ? 1 : 0;
            if (found[at] !== wanted) different += 1;
          }
          // Along the edge, four samples and one may differ.
          expect(different / found.length).toBeLessThan(0.08);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("is empty beyond the image", () => {
    const full = { width: 10, height: 10, pixels: new Uint8Array(100).fill(1) };
    const out = new Uint8Array(MASK_SIDE ** 2).fill(7);
    // The square reaches as far to the right of the image as the image is wide.
    maskTarget(full, Float32Array.of(0, 0, 20, 10), 0, Float32Array.of(0, 0, 20, 20), 0, 20, out, 0);
    for (const [at, value] of out.entries()) expect(value).toBe(at % MASK_SIDE < MASK_SIDE / 2 ? 1 : 0);
  });
});

describe("a mask that is laid into an image", () => {
  test("covers its box, and nothing beyond it or the image", () => {
    const shares = new Float32Array(MASK_SIDE ** 2).fill(1);
    const { pixels } = placedMask(shares, 0, [-4, 2, 6, 30], { width: 12, height: 20 });
    for (const [at, value] of pixels.entries()) {
      const [x, y] = [at % 12, Math.floor(at / 12)];
      expect(value, `${x} ${y}`).toBe(x < 6 && y >= 2 ? 1 : 0);
    }
  });

  test("is the mask that its region was taught", () => {
    const mask = ellipse(80, 60);
    const box = [10, 5, 74, 55] as const;
    const taught = new Uint8Array(MASK_SIDE ** 2);
    maskTarget(mask, Float32Array.from(box), 0, Float32Array.of(0, 0, 80, 80), 0, 80, taught, 0);
    const placed = placedMask(Float32Array.from(taught), 0, box, mask);
    const [shared, all] = [...mask.pixels].reduce(
      ([both, any], value, at) => [both + (value & placed.pixels[at]!), any + (value | placed.pixels[at]!)],
      [0, 0],
    );
    expect(shared / all).toBeGreaterThan(0.93);
  });
});
