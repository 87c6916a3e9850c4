// Indexed PNG files: read back by our reader and by sharp, value by value and colour by colour.
import fc from "fast-check";
import sharp from "sharp";
import { expect, test } from "vitest";
import { decodePngValues } from "#src/formats/png-values.js";
import { encodeIndexedPng } from "#src/formats/png-values-writer.js";

const palette = Array.from({ length: 256 }, (_, value) => [value, 255 - value, (value * 7) % 256] as const);

test("values come back as they were, in the palette's colours for everybody else", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.nat(),
      async (width, height, seed) => {
        const values = Uint8Array.from({ length: width * height }, (_, place) => (seed + place * 37) % 256);
        const file = encodeIndexedPng(values, width, height, palette);
        expect(decodePngValues(file, 1000)).toEqual({ width, height, values, palette });
        const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
        expect([info.width, info.height, info.channels]).toEqual([width, height, 3]);
        expect([...data]).toEqual([...values].flatMap((value) => [...palette[value]!]));
      },
    ),
    { numRuns: 20 },
  ));

test("refuses values without a colour, and such as do not fill the picture", () => {
  expect(() => encodeIndexedPng(Uint8Array.of(0, 2), 2, 1, palette.slice(0, 2))).toThrow(
    /below the 2 colours; found 2/,
  );
  expect(() => encodeIndexedPng(Uint8Array.of(0, 1), 3, 1, palette)).toThrow(/2 values do not fill 3 x 1/);
});
