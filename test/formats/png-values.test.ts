// PNG files of values: as they were written, by us, by libvips and by Pillow; what is none, or damaged, is refused.
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { decodePngValues } from "#src/formats/png-values.js";
import { encodeIndexedPng } from "#src/formats/png-values-writer.js";
import { valuesPng } from "./png-writer.js";

const MOST = 10_000;

describe("decodePngValues", () => {
  test("gives back values of any size, depth and filter", () => {
    const file = fc.record({
      width: fc.integer({ min: 1, max: 20 }),
      height: fc.integer({ min: 1, max: 12 }),
      bits: fc.constantFrom(1, 2, 4, 8 as const),
      kind: fc.constantFrom(0, 3),
      filters: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 12 }),
      seed: fc.nat(1000),
    });
    fc.assert(
      fc.property(file, ({ seed, ...choices }) => {
        const { width, height, bits } = choices;
        const values = Uint8Array.from(
          { length: width * height },
          (_, i) => ((i * i * 31 + i * seed) >> 2) % 2 ** bits,
        );
        const found = decodePngValues(valuesPng(values, choices as Parameters<typeof valuesPng>[1]), MOST);
        expect(found).toMatchObject({ width, height, values });
      }),
    );
  });

  test("reads what libvips writes, with the filters that it chooses", async () => {
    const values = Uint8Array.from({ length: 40 * 30 }, (_, i) => Math.floor(i / 40) * 3 + (i % 7));
    const image = sharp(values, { raw: { width: 40, height: 30, channels: 1 } }).toColourspace("b-w");
    for (const adaptiveFiltering of [false, true]) {
      const png = await image.png({ adaptiveFiltering }).toBuffer();
      expect(decodePngValues(png, MOST)).toEqual({ width: 40, height: 30, values });
    }
  });

  test("gives the palette of an indexed file", () => {
    const palette = [
      [1, 2, 3],
      [255, 0, 128],
    ] as const;
    expect(decodePngValues(encodeIndexedPng(Uint8Array.of(0, 1), 2, 1, palette), MOST)).toEqual({
      ...{ width: 2, height: 1, palette },
      values: Uint8Array.of(0, 1),
    });
  });

  test.each([
    ["no PNG", Buffer.from("GIF89a, and more"), "the file is no PNG"],
    ["one that is interlaced", valuesPng([0], { width: 1, height: 1, bits: 8, interlace: 1 }), "interlaced"],
    ["one of colours", valuesPng([0], { width: 1, height: 1, bits: 8, kind: 2 }), "an image of colours"],
    ["one that is too large", valuesPng(new Uint8Array(20_000), { width: 200, height: 100, bits: 8 }), "200 x 100"],
    ["one of no pixels", valuesPng([], { width: 0, height: 4, bits: 8 }), "0 x 4"],
  ])("refuses %s", (_, bytes, words) => {
    expect(() => decodePngValues(bytes, MOST)).toThrow(words);
  });

  test("throws a FormatError for any damage, and never gives other values", () => {
    const values = Uint8Array.from({ length: 60 }, (_, i) => i);
    const png = valuesPng(values, { width: 10, height: 6, bits: 8, filters: [1, 2, 4] });
    for (let length = 0; length < png.length; length++) {
      expect(() => decodePngValues(png.subarray(0, length), MOST)).toThrow(
        expect.objectContaining({ name: "FormatError" }),
      );
    }
    for (let place = 0; place < png.length; place++) {
      const damaged = Buffer.from(png);
      damaged[place]! ^= 0x10;
      expect(() => decodePngValues(damaged, MOST)).toThrow(expect.objectContaining({ name: "FormatError" }));
    }
  });
});
