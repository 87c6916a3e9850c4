// Decoding: every kind of file becomes upright, opaque 8-bit RGB, and damaged ones are refused with a reason.

import sharp, { type Sharp } from "sharp";
import { describe, expect, test } from "vitest";
import { type DecodeOptions, decodeImage } from "#src/data/decode-image.js";
import { randomStream } from "#src/random/index.js";
import { patternImage, plainImage } from "./image-files.js";

const options: DecodeOptions = {
  workingSide: 100,
  channels: 3,
  background: [255, 255, 255],
  minimumSize: 1,
  maximumBytes: 2 ** 30,
};
const orange = [200, 100, 50] as const;

async function firstPixel(bytes: Uint8Array, changes: Partial<DecodeOptions> = {}): Promise<number[]> {
  const image = await decodeImage(bytes, { ...options, ...changes });
  expect(image.channels).toBe(3);
  expect(image.pixels.length).toBe(image.width * image.height * 3);
  return [...image.pixels.subarray(0, 3)];
}

function expectNear(found: readonly number[], expected: readonly number[], tolerance: number): void {
  for (const [i, value] of found.entries()) expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(tolerance);
}

/** The whole of a message. */
const DAMAGED = /^the image is damaged or cut short$/;

describe("decodeImage", () => {
  test.each(["jpeg", "png", "webp", "gif", "tiff", "avif"] as const)("reads %s", async (format) => {
    expectNear(await firstPixel(await plainImage(20, 16, orange).toFormat(format).toBuffer()), orange, 4);
  });

  test("turns grey, 16-bit and palette images into 8-bit RGB", async () => {
    const grey = await plainImage(20, 16, [90, 90, 90]).toColourspace("b-w").png().toBuffer();
    expect((await sharp(grey).metadata()).channels).toBe(1);
    expect(await firstPixel(grey)).toEqual([90, 90, 90]);
    const deep = await plainImage(20, 16, orange).toColourspace("rgb16").png().toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe("ushort");
    expect(await firstPixel(deep)).toEqual([...orange]);
    expect(await firstPixel(await plainImage(20, 16, orange).png({ palette: true }).toBuffer())).toEqual([...orange]);
  });

  test("turns CMYK into sRGB", async () => {
    const cmyk = await plainImage(20, 16, orange).toColourspace("cmyk").jpeg().toBuffer();
    expect((await sharp(cmyk).metadata()).space).toBe("cmyk");
    expectNear(await firstPixel(cmyk), orange, 40);
  });

  test("lays transparent images over the background, in 8 and 16 bits", async () => {
    const background = { r: 200, g: 100, b: 0, alpha: 0.5 };
    const half = sharp({ create: { width: 20, height: 16, channels: 4, background } });
    expectNear(await firstPixel(await half.clone().png().toBuffer()), [228, 178, 128], 1);
    expectNear(await firstPixel(await half.clone().png().toBuffer(), { background: [0, 0, 255] }), [100, 50, 127], 1);
    const deep = await half.clone().toColourspace("rgb16").png().toBuffer();
    expectNear(await firstPixel(deep), [228, 178, 128], 1);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])("applies EXIF orientation %i", async (orientation) => {
    // A red upper left corner, once as it should look and once turned as a camera would store it.
    const corner = await plainImage(8, 8, [255, 0, 0]).png().toBuffer();
    const upright = plainImage(40, 24, [0, 0, 255]).composite([{ input: corner, top: 0, left: 0 }]);
    const stored = sharp(await upright.png().toBuffer());
    if ([2, 5, 7].includes(orientation) || orientation === 4) stored.flop();
    const angle = { 1: 0, 2: 0, 3: 180, 4: 180, 5: 270, 6: 270, 7: 90, 8: 90 }[orientation] ?? 0;
    const turned = await sharp(await stored.png().toBuffer())
      .rotate(angle)
      .png()
      .toBuffer();
    const file = await sharp(turned).withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
    const image = await decodeImage(file, options);
    expect([image.width, image.height]).toEqual([40, 24]);
    expectNear([...image.pixels.subarray(0, 3)], [255, 0, 0], 30);
  });

  test("shows the first frame of an animation", async () => {
    const frames = Buffer.concat([Buffer.alloc(48, 200), Buffer.alloc(48, 0)]);
    const raw = { width: 4, height: 8, channels: 3 as const, pageHeight: 4 };
    const gif = await sharp(frames, { raw })
      .gif({ loop: 0, delay: [50, 50] })
      .toBuffer();
    expect((await sharp(gif).metadata()).pages).toBe(2);
    const image = await decodeImage(gif, options);
    expect([image.width, image.height]).toEqual([4, 4]);
    expectNear([...image.pixels.subarray(0, 3)], [200, 200, 200], 3);
  });

  test("shrinks the shorter side of large images and leaves small ones alone", async () => {
    const large = await decodeImage(await patternImage(600, 400).jpeg().toBuffer(), options);
    expect([large.width, large.height]).toEqual([150, 100]);
    const small = await decodeImage(await patternImage(300, 50).png().toBuffer(), options);
    expect([small.width, small.height]).toEqual([300, 50]);
  });

  const huge = Buffer.from(
    "89504e470d0a1a0a0000000d494844520000ffff0000ffff0802000000f2ba84080000000c49444154789c63f8cfc000000301010018dd8db00000000049454e44ae426082",
    "hex",
  );
  test.each([
    ["an empty file", async () => Buffer.alloc(0), /^the file is empty$/],
    ["text", async () => Buffer.from("not an image"), /not a JPEG, PNG, WebP, GIF, TIFF or AVIF image/],
    ["SVG", async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), /not a JPEG/],
    ["half a JPEG", async () => half(await patternImage(90, 90).jpeg().toBuffer()), DAMAGED],
    ["half a PNG", async () => half(await patternImage(90, 90).png().toBuffer()), DAMAGED],
    ["half a WebP", async () => half(await patternImage(90, 90).webp().toBuffer()), DAMAGED],
    ["half a GIF", async () => half(await patternImage(90, 90).gif().toBuffer()), DAMAGED],
    ["half a TIFF", async () => half(await patternImage(90, 90).tiff().toBuffer()), DAMAGED],
    ["half an AVIF", async () => half(await patternImage(90, 90).avif({ effort: 0 }).toBuffer()), DAMAGED],
    ["half a JPEG that is shrunk", async () => half(await patternImage(900, 900).jpeg().toBuffer()), DAMAGED],
    ["a PNG signature alone", async () => huge.subarray(0, 8), DAMAGED],
    ["a header with huge dimensions", async () => huge, /65,535 x 65,535 pixels, which 69 bytes cannot hold/],
    [
      "an image below the smallest size",
      async () => patternImage(30, 6).png().toBuffer(),
      /30 x 6 pixels.*must have 8/,
    ],
  ])("refuses %s", async (_, make, message) => {
    await expect(decodeImage(await make(), { ...options, minimumSize: 8 })).rejects.toThrow(message);
  });

  test.each([
    ["plain", {}, 40],
    ["progressive", { progressive: true }, 40],
    ["shrunk", {}, 700],
  ])("says the same of a %s JPEG wherever it is cut", async (_, options_, side) => {
    const whole = await patternImage(side, side).jpeg(options_).toBuffer();
    const lengths = [
      1,
      2,
      3,
      4,
      20,
      160,
      400,
      0.5 * whole.length,
      whole.length - 20,
      whole.length - 2,
      whole.length - 1,
    ];
    for (const length of lengths) {
      await expect(decodeImage(whole.subarray(0, length), options), String(length)).rejects.toThrow(DAMAGED);
    }
  });

  test("accepts a JPEG with bytes behind its end", async () => {
    const bytes = Buffer.concat([await plainImage(20, 16, orange).jpeg().toBuffer(), Buffer.from("trailing")]);
    expectNear(await firstPixel(bytes), orange, 4);
  });
});

function half(bytes: Buffer): Buffer {
  return bytes.subarray(0, bytes.length >> 1);
}

describe("damage of any kind", () => {
  /** All that may be said of a file that begins like an image. */
  const REASON =
    /^(the image is damaged or cut short|this variant of its format is not supported|it announces [\d, x]+pixels, which [\d.,]+ \w+ cannot hold: it is damaged or a trap|[\d, x]+pixels: one side is more than 100 times the other|decoding its [\d, x]+pixels takes [\d.,]+ MiB, more than the limit for an image, 64 MiB \(maximumImageBytes\): make it smaller|the image has \d+ x \d+ pixels, but each side must have 8|the content is not a JPEG, PNG, WebP, GIF, TIFF or AVIF image)$/;

  const encoders: Readonly<Record<string, (image: Sharp) => Sharp>> = {
    jpeg: (image) => image.jpeg(),
    "jpeg in scans": (image) => image.jpeg({ progressive: true }),
    png: (image) => image.png(),
    "png in passes": (image) => image.png({ progressive: true }),
    webp: (image) => image.webp(),
    "lossless webp": (image) => image.webp({ lossless: true }),
    gif: (image) => image.gif(),
    "deflated tiff": (image) => image.tiff({ compression: "deflate" }),
    "tiff of jpeg": (image) => image.tiff(),
    avif: (image) => image.avif({ effort: 0 }),
  };

  test.each(Object.keys(encoders))("%s: pixels, or one of a few reasons on one line", async (kind) => {
    const whole = await encoders[kind]!(patternImage(60, 50)).toBuffer();
    const stream = randomStream(1, kind, 0, 0);
    for (let round = 0; round < 60; round++) {
      const bytes = Buffer.from(
        whole.subarray(0, round % 3 === 0 ? 16 + stream.integer(whole.length - 16) : undefined),
      );
      // Headers get more than their share: sizes, depths and numbers of channels are in there.
      const reach = round % 2 === 0 ? Math.min(bytes.length, 120) : bytes.length;
      for (let flips = round % 3 === 0 ? 0 : 1 + (round % 7); flips > 0; flips--) {
        bytes[8 + stream.integer(reach - 8)] = stream.integer(256);
      }
      const small = { ...options, minimumSize: 8, maximumBytes: 2 ** 26 };
      const outcome = await decodeImage(bytes, small).catch((error: Error) => error.message);
      if (typeof outcome === "string") expect(outcome).toMatch(REASON);
      else expect(outcome.pixels.length).toBe(outcome.width * outcome.height * outcome.channels);
    }
  });
});
