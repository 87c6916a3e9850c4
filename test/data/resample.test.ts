// Resampling against values computed with Pillow 9.4 (crop, then resize with BICUBIC), byte for byte.

import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { centreView } from "#src/data/index.js";
import { type PixelImage, resampleView } from "#src/data/resample.js";

const width = 31;
const height = 23;

function image(channels: 1 | 3): PixelImage {
  const pixels = new Uint8Array(width * height * channels);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) pixels[at++] = (x * 37 + y * 91 + c * 53 + ((x * y) % 97)) & 255;
    }
  }
  return { pixels, width, height, channels };
}

function crop(left: number, top: number, right: number, bottom: number, flip = false) {
  const region = { left, top, width: right - left, height: bottom - top };
  return { region, bounds: region, flip };
}

function resample(source: PixelImage, view: Parameters<typeof resampleView>[1], size: number): number[] {
  const out = new Uint8Array(size * size * 3 + 2);
  resampleView(source, view, size, out, 1);
  expect([out[0], out.at(-1)]).toEqual([0, 0]);
  return [...out.subarray(1, -1)];
}

// biome-ignore format: reference values
const shrunk = [124,129,124,126,134,133,140,129,129,130,133,110,121,125,127,139,122,121,138,137,123,129,131,128,129,112,119,135,120,111,145,134,127,129,129,133,142,131,140,139,126,119,121,111,110,125,133,134];
// biome-ignore format: reference values
const grown = [100,164,217,115,180,244,145,209,255,181,238,117,201,254,20,188,38,91,213,54,110,233,84,137,132,114,120,62,130,105,128,37,106,150,52,121,174,83,152,111,124,193,66,147,216,67,139,120,83,158,136,115,186,167,158,170,198,182,156,214,155,208,0,172,237,11,203,255,42,234,114,73,251,18,90];
// biome-ignore format: reference values
const grey = [122,120,135,138,127,128,130,146,138,128,118,118,150,136,129,141,141,140,133,122,133,147,120,128,129];
// biome-ignore format: reference values
const centre = [124,135,129,121,134,134,132,125,133,143,129,139,138,144,103,118,115,121,127,127,125,142,122,124,146,152,131,135,128,100,144,123,123,118,141,129,107,114,121,137,103,107,150,139,138,124,137,137,134,142,121,123,142,137,143,88,101,129,126,104,150,138,125,163,127,117,124,137,142,135,107,118,154,133,146,150,140,109,115,105,110,117,114,110,111,133,138,116,122,134,141,135,138,127,126,139,109,108,117,127,118,128,148,137,131,126,129,118];

describe("resampleView", () => {
  test("shrinks a crop as Pillow does", () => {
    expect(resample(image(3), crop(3, 2, 24, 19), 4)).toEqual(shrunk);
  });

  test("enlarges a crop as Pillow does", () => {
    expect(resample(image(3), crop(10, 5, 13, 9), 5)).toEqual(grown);
  });

  test("makes three equal channels of grey", () => {
    expect(resample(image(1), crop(3, 2, 24, 19), 5)).toEqual(grey.flatMap((value) => [value, value, value]));
  });

  test("resizes and cuts out the centre as Pillow does in two steps", () => {
    expect(resample(image(3), centreView(width, height, 6, { kind: "centre", resize: 8 }), 6)).toEqual(centre);
  });

  test("mirrors columns when flipped", () => {
    const flipped = resample(image(3), crop(3, 2, 24, 19, true), 4);
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 4; x++) {
        const pixel = flipped.slice((y * 4 + x) * 3, (y * 4 + x) * 3 + 3);
        expect(pixel).toEqual(shrunk.slice((y * 4 + 3 - x) * 3, (y * 4 + 3 - x) * 3 + 3));
      }
    }
  });

  test("copies a crop that has the right size already", () => {
    const source = image(3);
    const copy = resample(source, crop(2, 3, 7, 8), 5);
    expect(copy.slice(0, 15)).toEqual([...source.pixels.subarray((3 * width + 2) * 3, (3 * width + 7) * 3)]);
  });

  test("comes close to sharp's cubic on a smooth image", async () => {
    const pixels = new Uint8Array(60 * 60 * 3);
    for (let i = 0; i < pixels.length; i++) pixels[i] = 128 + 100 * Math.sin((i % 180) / 30) * Math.cos(i / 180 / 12);
    const raw = { raw: { width: 60, height: 60, channels: 3 as const } };
    const theirs = await sharp(pixels, raw).resize(40, 40, { kernel: "cubic", fit: "fill" }).raw().toBuffer();
    const ours = resample({ pixels, width: 60, height: 60, channels: 3 }, crop(0, 0, 60, 60), 40);
    const worst = ours.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i]!)), 0);
    expect(worst).toBeLessThanOrEqual(4);
  });
});
