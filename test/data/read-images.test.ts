// Small reads: in order, with the same pixels as a batch would have, and with errors that name the file.

import { truncateSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openBatches, openSource, readImages, UnreadableImageError } from "#src/data/index.js";
import { hasSpecialFiles, makePipe } from "../files/special-files.js";
import { patternFiles, plainImage, temporaryFolder, writeFiles } from "./image-files.js";

test("reads images of a source by index, in the order asked for", async () => {
  const source = await openSource(writeFiles(temporaryFolder(), await patternFiles(9, 30, 20)));
  const images = await readImages({ source, indices: [7, 0, 3, 3, 8, 1] }, { imageSize: 8 });
  expect(images.map(({ index }) => index)).toEqual([7, 0, 3, 3, 8, 1]);
  expect(images.map(({ name }) => name).slice(0, 2)).toEqual(["007.png", "000.png"]);
  expect(images[2]).toEqual(images[3]);
  expect(images[0]!.pixels.length).toBe(8 * 8 * 3);
});

test("gives the pixels that a batch with the fixed view gives", async () => {
  const source = await openSource(writeFiles(temporaryFolder(), await patternFiles(4, 30, 20)));
  const options = { source, imageSize: 8, batchSize: 4, workers: 1 };
  const stream = await openBatches({ ...options, augmentation: { kind: "centre" } });
  const { indices, pixels } = await stream.next();
  await stream.close();
  const images = await readImages({ source, indices }, { imageSize: 8 });
  expect(Buffer.concat(images.map((image) => image.pixels))).toEqual(Buffer.from(pixels));
});

test("reads files by path and keeps the names that were given", async () => {
  const folder = writeFiles(temporaryFolder(), { "red.png": await plainImage(20, 10, [250, 0, 0]).png().toBuffer() });
  const path = join(folder, "red.png");
  const [image] = await readImages([path], { imageSize: 4, transform: { kind: "centre", resize: 5 } });
  expect(image!.name).toBe(path);
  expect([...image!.pixels.subarray(0, 6)]).toEqual([250, 0, 0, 250, 0, 0]);
});

test("throws for an unreadable image, or reports it and goes on", async () => {
  const folder = writeFiles(temporaryFolder(), { ...(await patternFiles(2)), "001.png": "broken" });
  const paths = ["001.png", "000.png", "gone.png"].map((name) => join(folder, name));
  await expect(readImages(paths, { imageSize: 8 })).rejects.toThrow(UnreadableImageError);
  await expect(readImages(paths.slice(2), { imageSize: 8 })).rejects.toThrow(/gone\.png, but found the file is gone/);
  const skipped: string[] = [];
  const images = await readImages(paths, { imageSize: 8, onSkip: ({ reason }) => skipped.push(reason) });
  expect(images.map(({ index }) => index)).toEqual([1]);
  expect(skipped).toEqual([expect.stringContaining("not a JPEG"), "the file is gone"]);
});

test.skipIf(!hasSpecialFiles)("a pipe or a folder in place of an image is named, not waited for", async () => {
  const folder = temporaryFolder();
  const pipe = makePipe(join(folder, "pipe.png"));
  await expect(readImages([pipe], { imageSize: 8 })).rejects.toThrow(/pipe\.png, but found a pipe/);
  await expect(readImages([folder], { imageSize: 8 })).rejects.toThrow(/but found a folder/);
});

test("an image file that is larger than the limit is refused before it is read", async () => {
  const folder = writeFiles(temporaryFolder(), await patternFiles(1));
  const path = join(folder, "000.png");
  await readImages([path], { imageSize: 8, maximumImageBytes: 1000 });
  truncateSync(path, 2 ** 36);
  const options = { imageSize: 8 };
  await expect(readImages([path], options)).rejects.toThrow("a file of 65,536 MiB, too large for an image");
});
