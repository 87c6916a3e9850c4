// Squares of a batch: what earlier runs saw stays the same, and augmentations come on top of each other in order.

import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { adjustSaturation } from "#src/data/color-change.js";
import { gaussianBlur } from "#src/data/gaussian-blur.js";
import { applyOperation, solarize } from "#src/data/image-operations.js";
import { drawAugmentation, parseTransform, type RandomTransform, type TransformOptions } from "#src/data/index.js";
import { renderImage } from "#src/data/render.js";
import { randomStream } from "#src/random/index.js";

const [width, height, size] = [50, 40, 16];
const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7 + ((i * i) % 251)) & 255);
const image = { width, height, channels: 3 as const, pixels };
const jitter = { brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1, probability: 0.8 };
const all = {
  randAugment: { operations: 3 },
  grayscale: 0.5,
  blur: { probability: 0.5 },
  solarize: { probability: 0.5 },
  randomErasing: { probability: 0.5 },
};

function render(options: TransformOptions, index: number, epoch = 0): Uint8Array {
  const out = new Uint8Array(size * size * 3);
  renderImage(image, parseTransform(options, size), { seed: 5, epoch, index, view: 0 }, size, out, 0);
  return out;
}

function draw(options: TransformOptions, index: number) {
  const streamOf = (purpose: string) => randomStream(5, purpose, 0, index);
  return drawAugmentation(streamOf, width, height, size, parseTransform(options, size) as RandomTransform);
}

describe("renderImage", () => {
  test.each([
    ["crops and flips", {}, "dc338da86c4b9b2d"],
    ["crops, flips and jitter", { colorJitter: jitter }, "91ec290d122119af"],
  ])("gives the pixels that it always gave: %s", (_, options, expected) => {
    const hash = createHash("sha256");
    for (let i = 0; i < 20; i++) hash.update(render(options, i, i % 3));
    expect(hash.digest("hex").slice(0, 16)).toBe(expected);
  });

  test("applies the operations of RandAugment in the order in which they were drawn", () => {
    let several = 0;
    for (let i = 0; i < 60; i++) {
      const { operations = [] } = draw({ randAugment: {} }, i);
      const expected = render({}, i);
      for (const operation of operations) applyOperation(expected, size, operation);
      expect(render({ randAugment: {} }, i)).toEqual(expected);
      if (operations.length > 1) several++;
    }
    expect(several).toBeGreaterThan(5);
  });

  test("erases a rectangle and nothing else, with other noise in every epoch", () => {
    const options = { randomErasing: { probability: 1 } };
    for (let i = 0; i < 20; i++) {
      const [plain, erased] = [render({}, i), render(options, i)];
      const { left, top, width, height } = draw(options, i).erased!;
      let changed = 0;
      for (let at = 0; at < erased.length; at++) {
        const [x, y] = [Math.floor(at / 3) % size, Math.floor(at / (3 * size))];
        if (x >= left && x < left + width && y >= top && y < top + height) changed += Number(plain[at] !== erased[at]);
        else expect(erased[at]).toBe(plain[at]);
      }
      expect(changed / (width * height * 3)).toBeGreaterThan(0.9);
      expect(render(options, i)).toEqual(erased);
    }
    expect(render(options, 0, 1)).not.toEqual(render(options, 0));
  });

  test("jitters, takes the colours away, blurs and solarises, in this order", () => {
    const options = {
      colorJitter: jitter,
      grayscale: 0.5,
      blur: { probability: 0.5 },
      solarize: { probability: 0.5, threshold: 100 },
    };
    const seen = new Set<string>();
    for (let i = 0; i < 60; i++) {
      const { grayscale, blur, solarize: threshold } = draw(options, i);
      const expected = render({ colorJitter: jitter }, i);
      if (grayscale) adjustSaturation(expected, 0);
      if (blur !== undefined) gaussianBlur(expected, size, blur);
      if (threshold !== undefined) solarize(expected, threshold);
      expect(render(options, i)).toEqual(expected);
      seen.add(`${grayscale ?? false} ${blur !== undefined} ${threshold ?? 0}`);
    }
    expect(seen.size).toBe(8);
  });

  test.each([
    ["grey", { grayscale: 0.5 }],
    ["blur", { blur: {} }],
    ["solarisation", { solarize: {} }],
    ["RandAugment", { randAugment: {} }],
    ["random erasing", { randomErasing: { probability: 1 } }],
  ])("%s leaves the draws of all others alone", (_, added) => {
    const others = { ...all, colorJitter: jitter };
    for (let i = 0; i < 30; i++) {
      const { region, flip, color, ...without } = draw({ colorJitter: jitter }, i);
      expect(without).toEqual({ bounds: region });
      expect(draw({ colorJitter: jitter, ...added }, i)).toMatchObject({ region, flip, ...(color && { color }) });
      const together = draw(others, i);
      for (const [name, option] of Object.entries(all)) {
        const { region, bounds, flip, ...drawn } = draw({ [name]: option }, i);
        expect(together).toMatchObject(drawn);
      }
    }
  });
});
