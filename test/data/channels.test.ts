// Images of other than three channels, from the file to the batch.
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { openBatches, openSource, readImages } from "#src/data/index.js";
import { patternFiles, patternImage, plainImage, temporaryFolder, writeFiles } from "./image-files.js";
import { npyFile } from "./npy-arrays.js";

/** The pixels of one file at its own size, `side` x `side`. */
async function pixelsOf(name: string, bytes: Uint8Array, side: number, channels: number): Promise<number[]> {
  const folder = writeFiles(temporaryFolder(), { [name]: bytes });
  const transform = { kind: "centre", resize: side } as const;
  const [image] = await readImages([join(folder, name)], { imageSize: side, channels, transform });
  return [...image!.pixels];
}

/** Values of every kind for `count` bytes. */
const bytesOf = (count: number) => Uint8Array.from({ length: count }, (_, place) => (place * 97 + 13) & 255);

describe("grey", () => {
  test("is the luma of colours, as Pillow has it", async () => {
    const image = await patternImage(8, 8).png().toBuffer();
    const raw = await patternImage(8, 8).raw().toBuffer();
    const luma = Array.from({ length: 64 }, (_, pixel) => {
      const [red, green, blue] = raw.subarray(3 * pixel) as unknown as [number, number, number];
      return Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
    });
    const grey = await pixelsOf("a.png", image, 8, 1);
    expect(grey.length).toBe(64);
    // Pillow's constants have 16 bits, which may round a half to the other side.
    for (const [place, value] of grey.entries()) expect(Math.abs(value - luma[place]!)).toBeLessThanOrEqual(1);
    expect(grey.filter((value, place) => value !== luma[place]).length).toBeLessThan(3);
    expect(await pixelsOf("a.png", await plainImage(4, 4, [10, 200, 77]).png().toBuffer(), 4, 1)).toEqual(
      new Array(16).fill(129),
    );
  });

  test.each(["png", "jpeg"] as const)("of grey %s files is what three channels repeat", async (format) => {
    const raw = sharp(bytesOf(64), { raw: { width: 8, height: 8, channels: 1 } }).toColourspace("b-w");
    const file = await raw.toFormat(format).toBuffer();
    const grey = await pixelsOf("a.png", file, 8, 1);
    expect(await pixelsOf("a.png", file, 8, 3)).toEqual(grey.flatMap((value) => [value, value, value]));
    if (format === "png") expect(grey).toEqual([...bytesOf(64)]);
  });

  test("lies over the background where it is transparent", async () => {
    const clear = sharp(new Uint8Array(64), { raw: { width: 4, height: 4, channels: 4 } });
    expect(await pixelsOf("a.png", await clear.png().toBuffer(), 4, 1)).toEqual(new Array(16).fill(255));
  });

  test("IDX images stay grey, and colours in IDX become it", async () => {
    const idx = (channels: readonly number[], values: Uint8Array) =>
      Buffer.concat([
        Buffer.from([0, 0, 8, 3 + channels.length, ...[2, 4, 4, ...channels].flatMap((size) => [0, 0, 0, size])]),
        values,
      ]);
    const [grey, colour] = [bytesOf(32), new Uint8Array(96).fill(50)];
    const one = await openSource(writeFiles(temporaryFolder(), { "images-idx3-ubyte": idx([], grey) }));
    const three = await openSource(writeFiles(temporaryFolder(), { "images-idx4-ubyte": idx([3], colour) }));
    const options = { imageSize: 4, channels: 1, transform: { kind: "centre", resize: 4 } } as const;
    const [first, second] = await readImages({ source: one, indices: [0, 1] }, options);
    expect([...first!.pixels, ...second!.pixels]).toEqual([...grey]);
    expect([...(await readImages({ source: three, indices: [1] }, options))[0]!.pixels]).toEqual(
      new Array(16).fill(50),
    );
    await expect(openBatches({ source: one, imageSize: 4, batchSize: 1, channels: 4 })).rejects.toThrow(
      "Expected images of 4 channels, but found 1",
    );
  });
});

describe("four channels", () => {
  test("are red, green, blue and opacity as they are, also of images that would else be shrunk", async () => {
    const raw = bytesOf(4 * 64);
    // Where nothing is to be seen, the colours are kept all the same.
    raw[3] = 0;
    const file = await sharp(raw, { raw: { width: 8, height: 8, channels: 4 } })
      .png()
      .toBuffer();
    expect(await pixelsOf("a.png", file, 8, 4)).toEqual([...raw]);

    const large = new Uint8Array(4 * 400 * 400);
    for (let at = 0; at < large.length; at += 4) large.set([200, 10, 60, at % 8 === 0 ? 0 : 255], at);
    const shrunk = await pixelsOf(
      "a.png",
      await sharp(large, { raw: { width: 400, height: 400, channels: 4 } })
        .png()
        .toBuffer(),
      4,
      4,
    );
    expect(shrunk.filter((_, at) => at % 4 < 3)).toEqual(new Array(16).fill([200, 10, 60]).flat());
  });

  test("of opaque, grey and 16-bit images: what there is, and full opacity", async () => {
    const colour = await plainImage(4, 4, [1, 2, 3]).png().toBuffer();
    expect((await pixelsOf("a.png", colour, 4, 4)).slice(0, 4)).toEqual([1, 2, 3, 255]);
    const grey = sharp(new Uint8Array(16).fill(9), { raw: { width: 4, height: 4, channels: 1 } }).toColourspace("b-w");
    expect((await pixelsOf("a.png", await grey.png().toBuffer(), 4, 4)).slice(0, 4)).toEqual([9, 9, 9, 255]);
    const deep = sharp(
      Uint16Array.from({ length: 64 }, (_, at) => [0, 65_535, 32_896, 16_448][at % 4]!),
      {
        raw: { width: 4, height: 4, channels: 4 },
      },
    );
    const sixteen = await deep.toColourspace("rgb16").png().toBuffer();
    expect((await sharp(sixteen).metadata()).depth).toBe("ushort");
    expect((await pixelsOf("a.png", sixteen, 4, 4)).slice(0, 4)).toEqual([0, 255, 128, 64]);
  });
});

describe("arrays", () => {
  test("of 8 and 16 bits and of float32 are brought to 8 bits", async () => {
    const values = bytesOf(4 * 4 * 5);
    const read = (file: Uint8Array) => pixelsOf("a.npy", file, 4, 5);
    const shape = [4, 4, 5];
    expect(await read(npyFile("uint8", shape, values))).toEqual([...values]);
    expect(
      await read(
        npyFile(
          "uint16",
          shape,
          Array.from(values, (value) => Math.min(65_535, 257 * value + 100)),
        ),
      ),
    ).toEqual([...values]);
    expect(
      await read(
        npyFile(
          "float32",
          shape,
          Array.from(values, (value) => value / 255),
        ),
      ),
    ).toEqual([...values]);
  });

  test("are the same images as files with the same pixels", async () => {
    const raw = await patternImage(8, 8).raw().toBuffer();
    const [png, npy] = [await patternImage(8, 8).png().toBuffer(), npyFile("uint8", [8, 8, 3], raw)];
    for (const channels of [1, 3]) {
      expect(await pixelsOf("a.npy", npy, 8, channels)).toEqual(await pixelsOf("a.png", png, 8, channels));
    }
    const grey = npyFile("uint8", [8, 8], bytesOf(64));
    expect(await pixelsOf("a.npy", grey, 8, 1)).toEqual([...bytesOf(64)]);
    expect(await pixelsOf("a.npy", grey, 8, 3)).toEqual([...bytesOf(64)].flatMap((value) => [value, value, value]));
  });

  test.each<[string, Uint8Array, number, string]>([
    ["other channels", npyFile("uint8", [4, 4, 5], bytesOf(80)), 4, "it has 5 channels instead of 4 (model.channels)"],
    [
      "a stack of images",
      npyFile("uint8", [2, 4, 4, 5], bytesOf(160)),
      5,
      "expected an array [height, width, channels]",
    ],
    ["a line", npyFile("uint8", [4], bytesOf(4)), 1, "found [4]"],
    ["nothing", npyFile("uint8", [0, 4, 3], []), 3, "found [0, 4, 3]"],
    ["values above 1", npyFile("float32", [1, 1, 1], [1.5]), 1, "expected float32 values from 0 to 1; found 1.5"],
    ["no numbers", npyFile("float32", [1, 1, 1], [Number.NaN]), 1, "found NaN"],
    ["a file cut short", npyFile("uint8", [4, 4, 5], bytesOf(79)), 5, "needs 208 bytes, but the file has 207"],
  ])("with %s are refused in words", async (_, file, channels, reason) => {
    await expect(pixelsOf("a.npy", file, 4, channels)).rejects.toThrow(reason);
  });

  test("of another type are refused with what to save", async () => {
    const file = Buffer.from(npyFile("float32", [4, 4], bytesOf(16)));
    file.write("<f8", file.indexOf("<f4"));
    await expect(pixelsOf("a.npy", file, 4, 1)).rejects.toThrow(
      'one of <f4, |u1, <u1, <u2, but found <f8. Save array.astype("<f4")',
    );
  });

  test("are a source where a folder holds no other images, with classes", async () => {
    const array = npyFile("uint8", [4, 4, 2], bytesOf(32));
    const folder = writeFiles(temporaryFolder(), { "a/1.npy": array, "b/2.npy": array, "notes.txt": "none" });
    const source = await openSource(folder);
    expect([source.count, source.classes]).toEqual([2, ["a", "b"]]);
    writeFiles(folder, { "a/photo.png": await plainImage(4, 4, [0, 0, 0]).png().toBuffer() });
    expect((await openSource(folder)).count).toBe(1);
    await expect(openSource(join(folder, "a/1.npy"))).rejects.toThrow("a single .npy array");
  });

  test("image files cannot be read in other channels", async () => {
    const file = await plainImage(4, 4, [0, 0, 0]).png().toBuffer();
    await expect(pixelsOf("a.png", file, 4, 5)).rejects.toThrow("it has 3 channels instead of 5 (model.channels)");
  });
});

describe("batches", () => {
  const augmentation = { scale: [0.3, 1] as [number, number], blur: { probability: 0.5 } };

  /** Arrays of 5 channels, and the folder of each channel alone as grey arrays. */
  function splitArrays() {
    const [whole, parts] = [temporaryFolder(), Array.from({ length: 5 }, () => temporaryFolder())];
    for (let image = 0; image < 6; image++) {
      const values = Uint8Array.from({ length: 12 * 10 * 5 }, (_, at) => (at * at + 31 * image) & 255);
      writeFiles(whole, { [`${image}.npy`]: npyFile("uint8", [10, 12, 5], values) });
      parts.forEach((part, channel) => {
        const own = values.filter((_, at) => at % 5 === channel);
        writeFiles(part, { [`${image}.npy`]: npyFile("uint8", [10, 12], own) });
      });
    }
    return { whole, parts };
  }

  test("crop, mirror and blur every channel as it would be alone, in memory or streamed", async () => {
    const { whole, parts } = splitArrays();
    const batchOf = async (folder: string, channels: number, memoryBudget: number) => {
      const source = await openSource(folder);
      const stream = await openBatches({ source, imageSize: 8, channels, batchSize: 6, augmentation, memoryBudget });
      const { pixels } = await stream.next();
      await stream.close();
      return { pixels, inMemory: stream.memory.inMemory };
    };
    const held = await batchOf(whole, 5, 2 ** 20);
    const streamed = await batchOf(whole, 5, 0);
    expect([held.inMemory, streamed.inMemory]).toEqual([true, false]);
    expect(held.pixels.length).toBe(6 * 8 * 8 * 5);
    expect(streamed.pixels).toEqual(held.pixels);
    for (const [channel, part] of parts.entries()) {
      expect((await batchOf(part, 1, 2 ** 20)).pixels).toEqual(held.pixels.filter((_, at) => at % 5 === channel));
    }
  });

  test("change brightness and contrast of grey images as of three equal channels", async () => {
    const raw = (index: number) =>
      sharp(
        bytesOf(144).map((value) => value ^ index),
        { raw: { width: 12, height: 12, channels: 1 } },
      );
    const files: Record<string, Buffer> = {};
    for (let index = 0; index < 4; index++)
      files[`${index}.png`] = await raw(index).toColourspace("b-w").png().toBuffer();
    const source = await openSource(writeFiles(temporaryFolder(), files));
    const changes = { colorJitter: { brightness: 0.4, contrast: 0.4 }, solarize: { probability: 0.5 } };
    const batchOf = async (channels: number) => {
      const stream = await openBatches({ source, imageSize: 8, channels, batchSize: 4, augmentation: changes });
      const { pixels } = await stream.next();
      await stream.close();
      return pixels;
    };
    const [grey, three] = [await batchOf(1), await batchOf(3)];
    // The mean of a grey image by weights that add up to 1 may differ in its last digits.
    for (const [pixel, value] of grey.entries()) expect(Math.abs(value - three[3 * pixel]!)).toBeLessThanOrEqual(1);
  });

  test.each<[number, object, string]>([
    [1, { colorJitter: { saturation: 0.1 } }, "colorJitter.saturation: expected 0 for images of 1 channel"],
    [1, { grayscale: 0.2 }, "grayscale: expected 0"],
    [1, { randAugment: {} }, "randAugment: expected none for images of 1 channel, which have no colours"],
    [4, { colorJitter: { brightness: 0.1 } }, "colorJitter.brightness: expected 0 for images of 4 channels"],
    [5, { solarize: {} }, "which are cropped, mirrored and blurred only"],
    [4, { randomErasing: {} }, "randomErasing: expected none"],
  ])("of %i channels refuse %j in words", async (channels, augmentation, message) => {
    const source = await openSource(writeFiles(temporaryFolder(), await patternFiles(2)));
    const options = { source, imageSize: 8, batchSize: 2, channels, augmentation };
    await expect(openBatches(options)).rejects.toThrow(message);
  });
});
