// Parameters of views: within the image, with torchvision's distribution, and a function of the stream alone.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { centreView, drawAugmentation, parseTransform, type RandomTransform } from "#src/data/index.js";
import { randomStream } from "#src/random/index.js";

const random = (options: Parameters<typeof parseTransform>[0] = {}) => parseTransform(options, 32) as RandomTransform;
const streams = (index: number) => (purpose: string) => randomStream(1, purpose, 0, index);

describe("drawAugmentation", () => {
  test("gives whole pixels within the image for any size", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 3000 }), fc.nat(), (w, h, i) => {
        const { region } = drawAugmentation(streams(i), w, h, 32, random());
        expect(Object.values(region).every(Number.isInteger)).toBe(true);
        expect(region.width).toBeGreaterThan(0);
        expect(region.height).toBeGreaterThan(0);
        expect(region.left).toBeGreaterThanOrEqual(0);
        expect(region.top).toBeGreaterThanOrEqual(0);
        expect(region.left + region.width).toBeLessThanOrEqual(w);
        expect(region.top + region.height).toBeLessThanOrEqual(h);
      }),
    );
  });

  test("covers the areas and ratios that were asked for, evenly, and flips half of the images", () => {
    const count = 4000;
    let area = 0;
    let flips = 0;
    for (let i = 0; i < count; i++) {
      const { region, flip } = drawAugmentation(streams(i), 1000, 1000, 32, random({ scale: [0.2, 0.6] }));
      const share = (region.width * region.height) / 1e6;
      expect(share).toBeGreaterThan(0.198);
      expect(share).toBeLessThan(0.602);
      expect(region.width / region.height).toBeGreaterThan(0.745);
      expect(region.width / region.height).toBeLessThan(1.34);
      area += share;
      if (flip) flips++;
    }
    expect(area / count).toBeCloseTo(0.4, 2);
    expect(Math.abs(flips / count - 0.5)).toBeLessThan(0.03);
  });

  test("falls back to the largest centred crop where none fits", () => {
    expect(drawAugmentation(streams(0), 1000, 10, 32, random({ scale: [1, 1] })).region).toEqual({
      left: 493,
      top: 0,
      width: 13,
      height: 10,
    });
    expect(drawAugmentation(streams(0), 9, 1000, 32, random({ scale: [1, 1] })).region).toEqual({
      left: 0,
      top: 494,
      width: 9,
      height: 12,
    });
  });

  test("is the same for the same stream and draws crops that do not depend on the jitter being drawn", () => {
    const jitter = random({ colorJitter: { brightness: 0.4, hue: 0.1 } });
    expect(drawAugmentation(streams(5), 64, 64, 32, jitter)).toEqual(drawAugmentation(streams(5), 64, 64, 32, jitter));
    const { color } = drawAugmentation(streams(5), 64, 64, 32, jitter);
    expect(color?.brightness).toBeGreaterThanOrEqual(0.6);
    expect(color?.brightness).toBeLessThanOrEqual(1.4);
    expect(color?.contrast).toBe(1);
    expect(Math.abs(color?.hue ?? 1)).toBeLessThanOrEqual(0.1);
    expect([...(color?.order ?? [])].sort()).toEqual([0, 1, 2, 3]);
    const never = random({ colorJitter: { brightness: 0.4, probability: 0 } });
    expect(drawAugmentation(streams(5), 64, 64, 32, never).color).toBeUndefined();
  });
});

describe("grey, blur and solarisation", () => {
  test("happen as often as asked for, with an even choice of blurs", () => {
    const options = random({ grayscale: 0.2, blur: { probability: 0.5 }, solarize: { probability: 0.1 } });
    const views = Array.from({ length: 4000 }, (_, i) => drawAugmentation(streams(i), 64, 64, 32, options));
    const share = (happens: (view: (typeof views)[number]) => boolean) => views.filter(happens).length / views.length;
    expect(Math.abs(share(({ grayscale }) => grayscale === true) - 0.2)).toBeLessThan(0.025);
    expect(Math.abs(share(({ blur }) => blur !== undefined) - 0.5)).toBeLessThan(0.03);
    expect(Math.abs(share(({ solarize }) => solarize === 128) - 0.1)).toBeLessThan(0.02);
    const sigmas = views.flatMap(({ blur }) => blur ?? []);
    expect(Math.min(...sigmas)).toBeGreaterThanOrEqual(0.1);
    expect(Math.max(...sigmas)).toBeLessThan(2);
    expect(Math.abs(sigmas.reduce((sum, sigma) => sum + sigma, 0) / sigmas.length - 1.05)).toBeLessThan(0.04);
  });

  test("one does not come with another more often than by chance", () => {
    const options = random({ grayscale: 0.5, blur: { probability: 0.5 }, solarize: { probability: 0.5 } });
    const views = Array.from({ length: 4000 }, (_, i) => drawAugmentation(streams(i), 64, 64, 32, options));
    const count = (...keys: ("grayscale" | "blur" | "solarize")[]) =>
      views.filter((view) => keys.every((key) => view[key] !== undefined)).length / views.length;
    for (const [first, second] of [
      ["grayscale", "blur"],
      ["blur", "solarize"],
      ["grayscale", "solarize"],
    ] as const) {
      expect(Math.abs(count(first, second) - 0.25)).toBeLessThan(0.03);
    }
  });
});

describe("centreView", () => {
  test("takes the centre of the shorter side", () => {
    const view = centreView(200, 100, 40, { kind: "centre", resize: 50 });
    expect(view.region).toEqual({ left: 60, top: 10, width: 80, height: 80 });
    expect(view.flip).toBe(false);
  });
});

describe("parseTransform", () => {
  test("fills in the defaults of MAE", () => {
    expect(parseTransform({}, 32)).toEqual({
      kind: "random",
      scale: [0.2, 1],
      ratio: [3 / 4, 4 / 3],
      flipProbability: 0.5,
    });
  });

  test.each([
    [{ scale: [0.5, 0.2] as [number, number] }, /first number of a range/],
    [{ scale: [0, 1] as [number, number] }, /scale/],
    [{ flipProbability: 2 }, /flipProbability/],
    [{ colorJitter: { hue: 0.7 } }, /hue/],
    [{ grayscale: 2 }, /grayscale/],
    [{ blur: { sigma: [0, 1] as [number, number] } }, /blur\.sigma/],
    [{ solarize: { threshold: 300 } }, /solarize\.threshold/],
    [{ randAugment: { magnitude: 11 } }, /randAugment\.magnitude/],
    [{ randAugment: { operations: 0 } }, /randAugment\.operations/],
    [{ randomErasing: { area: [0.5, 0.1] as [number, number] } }, /first number of a range/],
    [{ randomErasing: { aspect: [0, 1] as [number, number] } }, /randomErasing\.aspect/],
    [{ kind: "centre" as const, resize: 16 }, /shorter side of 32 x 32 pixels, but found 16/],
  ])("refuses %o", (options, message) => {
    expect(() => parseTransform(options, 32)).toThrow(message);
  });
});
