// What the decoding of an image takes, and which images are refused for it.

import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { decodeImage } from "#src/data/decode-image.js";
import { decodingCost } from "#src/data/image-cost.js";
import { plainImage } from "./image-files.js";

const [width, height] = [40, 30];
const pixels = width * height;
const plain = () => plainImage(width, height, [1, 2, 3]);
const options = {
  workingSide: 16,
  channels: 3,
  background: [255, 255, 255],
  minimumSize: 1,
  maximumBytes: 2 ** 30,
} as const;

async function costOf(file: Buffer, maximumBytes = 2 ** 30): Promise<number> {
  return decodingCost(file, await sharp(file, { limitInputPixels: false }).metadata(), maximumBytes);
}

describe("decodingCost", () => {
  test.each([
    ["8 bits", () => plain().png(), 3],
    ["transparency", () => plain().ensureAlpha().png(), 4],
    ["16 bits", () => plain().ensureAlpha().toColourspace("rgb16").png(), 8],
    ["floats", () => plain().toColourspace("scrgb").tiff({ compression: "deflate" }), 12],
    ["a JPEG of one scan", () => plain().jpeg(), 3],
    ["a JPEG of several scans", () => plain().jpeg({ progressive: true }), 6],
    ["AVIF", () => plain().avif({ effort: 0 }), 18],
    ["a turned image", () => plain().withMetadata({ orientation: 6 }).jpeg(), 6],
  ])("counts bytes: %s", async (_, make, bytes) => {
    expect(await costOf(await make().toBuffer())).toBe(bytes * pixels);
  });

  test("only the file and the limit decide", async () => {
    const file = await plain().png().toBuffer();
    expect(await costOf(file, 3 * pixels)).toBe(3 * pixels);
    await expect(costOf(file, 3 * pixels - 1)).rejects.toThrow(
      /^decoding its 40 x 30 pixels takes 3,600 bytes, more than the limit for an image, 3,599 bytes: .* raise maximumImageBytes/,
    );
  });

  test("all frames of an animation but the first cost nothing", async () => {
    const frames = Buffer.alloc(8 * 8 * 3 * 500);
    for (let frame = 0; frame < 500; frame++) frames.fill(frame & 255, frame * 192, (frame + 1) * 192);
    const raw = { width: 8, height: 8 * 500, channels: 3 as const, pageHeight: 8 };
    for (const format of ["gif", "webp"] as const) {
      const file = await sharp(frames, { raw }).toFormat(format).toBuffer();
      expect((await sharp(file).metadata()).pages).toBeGreaterThan(50);
      expect(await costOf(file)).toBeLessThanOrEqual(8 * 8 * 4);
      expect(await decodeImage(file, options)).toMatchObject({ width: 8, height: 8 });
    }
  });
});

describe("large images", () => {
  const large = (width: number, height: number) => plainImage(width, height, [9, 9, 9]).png().toBuffer();

  test("are refused where they take more than the limit, and decoded below it", async () => {
    const file = await large(2000, 1000);
    expect(await decodeImage(file, options)).toMatchObject({ width: 32, height: 16 });
    await expect(decodeImage(file, { ...options, maximumBytes: 5e6 })).rejects.toThrow(/more than the limit/);
  });

  test("are refused where one side is more than a hundred times the other", async () => {
    await expect(decodeImage(await large(10, 200_000), options)).rejects.toThrow(
      "10 x 200,000 pixels: one side is more than 100 times the other",
    );
    expect(await decodeImage(await large(10, 2000), options)).toMatchObject({ width: 10, height: 2000 });
    const tiff = await plainImage(1, 300, [9, 9, 9]).tiff().toBuffer();
    expect(await decodeImage(tiff, options)).toMatchObject({ width: 1, height: 300 });
  });

  test("are refused where the file is too short for what it announces", async () => {
    const file = await large(2000, 1000);
    file.writeUInt32BE(60_000, 20);
    // The checksum of the header no longer fits, which decoders say or not.
    await expect(decodeImage(file, options)).rejects.toThrow(/cannot hold|damaged/);
  });
});
