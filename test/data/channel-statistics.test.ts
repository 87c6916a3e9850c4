// Mean and deviation of the channels of a set: against the plain formula over all pixels.
import sharp from "sharp";
import { expect, test } from "vitest";
import { measureChannels, openSource } from "#src/data/index.js";
import { writeNpy } from "#src/formats/npy.js";
import { patternFiles, patternImage, plainImage, temporaryFolder, writeFiles } from "./image-files.js";

/** Of bytes [pixels, channels], by the definition of the deviation. */
function momentsOf(bytes: Uint8Array, channels: number) {
  const values = Array.from({ length: channels }, (_, channel) =>
    Array.from(bytes.filter((_, at) => at % channels === channel)).map((byte) => byte / 255),
  );
  const mean = values.map((each) => each.reduce((sum, value) => sum + value, 0) / each.length);
  const std = values.map((each, channel) =>
    Math.sqrt(each.reduce((sum, value) => sum + (value - mean[channel]!) ** 2, 0) / each.length),
  );
  return { mean, std };
}

function expectClose(found: readonly number[], wanted: readonly number[]) {
  expect(found.length).toBe(wanted.length);
  for (const [index, value] of wanted.entries()) expect(found[index]).toBeCloseTo(value, 5);
}

/** Files of 12 x 12, and the pixels of those that are asked for. */
async function patternSet(count: number, chosen?: readonly number[]) {
  const folder = writeFiles(temporaryFolder(), await patternFiles(count, 12, 12));
  const indices = chosen ?? Array.from({ length: count }, (_, index) => index);
  const raw = await Promise.all(indices.map((index) => patternImage(12, 12, index).raw().toBuffer()));
  return { source: await openSource(folder), pixels: Buffer.concat(raw) };
}

test("are those of all pixels, whatever the number of workers", async () => {
  const { source, pixels } = await patternSet(7);
  const one = await measureChannels(source, { imageSize: 12, workers: 1 });
  const wanted = momentsOf(pixels, 3);
  expectClose(one.mean, wanted.mean);
  expectClose(one.std, wanted.std);
  expect(one.images).toBe(7);
  expect(one.constant).toEqual([]);
  expect(await measureChannels(source, { imageSize: 12, workers: 3 })).toEqual(one);
});

test("of a sample are those of some images, always the same", async () => {
  const { source } = await patternSet(20);
  const progress: [number, number][] = [];
  const options = { imageSize: 12, images: 6, onProgress: (...each: [number, number]) => progress.push(each) };
  const measured = await measureChannels(source, options);
  expect(measured.images).toBe(6);
  expect(progress.at(-1)).toEqual([6, 6]);
  expect(await measureChannels(source, { imageSize: 12, images: 6 })).toEqual(measured);
  expect(measured.mean).not.toEqual((await measureChannels(source, { imageSize: 12 })).mean);
});

test("see the middle square of images of other shapes, at the size that is asked for", async () => {
  const image = sharp(Buffer.concat([Buffer.alloc(3 * 8 * 4), Buffer.alloc(3 * 8 * 8, 200), Buffer.alloc(3 * 8 * 4)]), {
    raw: { width: 8, height: 16, channels: 3 },
  });
  const folder = writeFiles(temporaryFolder(), { "tall.png": await image.png().toBuffer() });
  const { mean, std, constant } = await measureChannels(await openSource(folder), { imageSize: 8 });
  expectClose(mean, [200 / 255, 200 / 255, 200 / 255]);
  // A channel that never changes has the deviation 0, by which nothing can be divided.
  expect(std).toEqual([1, 1, 1]);
  expect(constant).toEqual([0, 1, 2]);
});

test("leave out what cannot be read, and say so", async () => {
  const folder = writeFiles(temporaryFolder(), { ...(await patternFiles(3, 12, 12)), "broken.png": "none" });
  const skipped: string[] = [];
  const source = await openSource(folder);
  const { images } = await measureChannels(source, { imageSize: 12, onSkip: ({ name }) => skipped.push(name) });
  expect(images).toBe(3);
  expect(skipped).toEqual(["broken.png"]);
  const nothing = await openSource(writeFiles(temporaryFolder(), { "broken.png": "none" }));
  await expect(measureChannels(nothing, { imageSize: 12 })).rejects.toThrow("at least one readable image");
});

test("are those of the channels that are asked for", async () => {
  const grey = await openSource(
    writeFiles(temporaryFolder(), { "a.png": await plainImage(4, 4, [255, 0, 0]).png().toBuffer() }),
  );
  expectClose((await measureChannels(grey, { imageSize: 4, channels: 1 })).mean, [76 / 255]);

  const data = Float32Array.from({ length: 6 * 6 * 5 }, (_, place) => ((place * 37) % 256) / 255);
  const arrays = await openSource(writeFiles(temporaryFolder(), { "a.npy": writeNpy({ shape: [6, 6, 5], data }) }));
  const measured = await measureChannels(arrays, { imageSize: 6, channels: 5 });
  const wanted = momentsOf(
    Uint8Array.from(data, (value) => Math.round(255 * value)),
    5,
  );
  expectClose(measured.mean, wanted.mean);
  expectClose(measured.std, wanted.std);
});
