// Batches from memory: the same as a stream of the same images gives, for one view and for several.
import sharp from "sharp";
import { expect, test } from "vitest";
import { type BatchOptions, openBatches, openSource } from "#src/data/index.js";
import { memoryBatches } from "#src/data/memory-batches.js";
import { viewGroups } from "#src/data/view-options.js";
import { temporaryFolder } from "../files/temporary-folder.js";
import { writeImages } from "../training/tiny-run.js";

const place = temporaryFolder();

test.each([
  ["one view", [{ name: "image" }]],
  [
    "several",
    [
      { name: "large", count: 2 },
      { name: "small", count: 3, imageSize: 8, augmentation: { scale: [0.1, 0.4] } },
    ],
  ],
] as [string, NonNullable<BatchOptions["views"]>][])("%s", async (_, views) => {
  await writeImages(place("images"), 11, 20);
  const source = await openSource(place("images"));
  const pixels = Array.from({ length: source.count }, (_, index) =>
    sharp(place("images", source.name(index)))
      .raw()
      .toBuffer(),
  );
  const images = (await Promise.all(pixels)).map((each) => ({
    pixels: new Uint8Array(each),
    width: 20,
    height: 20,
    channels: 3,
  }));
  const order = { batchSize: 4, seed: 5 };
  const batches = memoryBatches(images, viewGroups(views, { imageSize: 16, channels: 3 }), order);
  const stream = await openBatches({ source, imageSize: 16, views, workers: 1, ...order });
  try {
    expect(batches.stepsPerEpoch).toBe(stream.stepsPerEpoch);
    for (const step of [1, 2, 3, 4, 5]) {
      const { waitSeconds: _, ...wanted } = await stream.next();
      expect(batches.at(step)).toMatchObject(wanted);
    }
    const { waitSeconds: _, ...third } = batches.at(3);
    expect(batches.at(3)).toMatchObject(third);
  } finally {
    await stream.close();
  }
});

test("fewer images than a batch takes are refused", () => {
  const image = { pixels: new Uint8Array(3), width: 1, height: 1, channels: 3 };
  const groups = viewGroups([{ name: "image" }], { imageSize: 1, channels: 3 });
  expect(() => memoryBatches([image], groups, { batchSize: 2, seed: 0 })).toThrow(/2 images|batch/);
});
