// Sets of images with masks: which layout a folder has, what its labels mean, and what is refused.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openWholeImages } from "#src/data/index.js";
import { openSegmentationSet, type SegmentationSet } from "#src/evaluations/segment/segmentation-set.js";
import { encodeIndexedPng } from "#src/formats/png-values-writer.js";
import { temporaryFolder } from "../../data/image-files.js";
import { rectangles, writeImage, writeMask, writeSet } from "./masked-sets.js";

const parts = [
  ["training", 3],
  ["validation", 2],
] as const;

async function masksOf({ source, masks }: SegmentationSet): Promise<(Uint8Array | string)[]> {
  const images = openWholeImages(source, { channels: 3, background: [0, 0, 0], masks });
  const found: (Uint8Array | string)[] = [];
  for (let index = 0; index < source.count; index++) {
    found.push(
      await images.read(index).then(
        ({ mask }) => mask!,
        (error: Error) => error.message,
      ),
    );
  }
  images.close();
  return found;
}

test("classes have the colours that their masks are stored with, where those tell them apart", async () => {
  const folder = await writeSet(temporaryFolder(), "annotations", parts, { shift: 1 });
  writeFileSync(join(folder, "classes.txt"), "ground\nred\nblue\n");
  const { colors } = await openSegmentationSet(folder, "training");
  expect(colors).toEqual([1, 2, 3].map((value) => [value, 255 - value, 7]));
  const mask = join(folder, "annotations", "training", "000.png");
  const { labels, width, height } = rectangles(0);
  const plain = Array.from({ length: 256 }, () => [9, 9, 9] as const);
  writeFileSync(mask, encodeIndexedPng(labels, width, height, plain));
  expect((await openSegmentationSet(folder, "training")).colors).toBeUndefined();
  // A mask that cannot be read, or a greyscale one, has no say.
  writeFileSync(mask, "broken");
  expect((await openSegmentationSet(folder, "training")).colors).toEqual(colors);
});

describe("ADE20K's layout", () => {
  test("has 150 classes, of which 0 is none, with the names that come with it", async () => {
    const folder = await writeSet(temporaryFolder(), "annotations", parts, { shift: 1 });
    const set = await openSegmentationSet(folder, "training");
    expect(set).toMatchObject({ layout: "ade20k", source: { count: 3 } });
    expect([set.classes.length, set.classes[0]]).toEqual([150, "class 1"]);
    expect(await masksOf(set)).toEqual([0, 1, 2].map((index) => rectangles(index).labels));

    writeFileSync(
      join(folder, "objectInfo150.txt"),
      "Idx\tRatio\tName\n1\t0.2\twall\n2\t0.1\tbuilding, edifice\n3\t0.1\tsky\n",
    );
    expect((await openSegmentationSet(folder, "validation")).classes).toEqual(["wall", "building, edifice", "sky"]);
  });

  test("labels of nothing are ignored, and unknown ones make their image unreadable", async () => {
    const folder = await writeSet(temporaryFolder(), "annotations", parts, { shift: 1 });
    writeFileSync(join(folder, "classes.txt"), "ground\nred\nblue\n");
    const { width, height, labels } = rectangles(0);
    const mask = join(folder, "annotations", "training", "000.png");
    writeMask(
      mask,
      labels.map((label, place) => (place === 0 ? 0 : place === 1 ? 255 : label + 1)),
      width,
      height,
    );
    const [first] = await masksOf(await openSegmentationSet(folder, "training"));
    expect([...(first as Uint8Array).subarray(0, 3)]).toEqual([255, 255, labels[2]]);
    writeMask(mask, labels.fill(4), width, height);
    expect((await masksOf(await openSegmentationSet(folder, "training")))[0]).toBe(
      "its mask: expected labels from 1 to 3, or 255; found 4",
    );
  });
});

test("composed scenes have a background, which is a class", async () => {
  const folder = await writeSet(temporaryFolder(), "annotations", parts);
  writeFileSync(join(folder, "scenes.json"), "{}");
  await expect(openSegmentationSet(folder, "training")).rejects.toThrow(/names of the classes in .*classes\.txt/);
  writeFileSync(join(folder, "classes.txt"), "red\nblue\n");
  const set = await openSegmentationSet(folder, "validation");
  expect([set.layout, set.classes, set.source.count]).toEqual(["scenes", ["background", "red", "blue"], 2]);
  expect(await masksOf(set)).toEqual([3, 4].map((index) => rectangles(index).labels));
});

describe("a pair of folders", () => {
  test("without parts holds out a fifth of its images, always the same", async () => {
    const folder = await writeSet(temporaryFolder(), "masks", [["", 10]]);
    const open = async (split: "training" | "validation", whole = false) => {
      const { source, classes } = await openSegmentationSet(folder, split, { whole });
      return { classes, names: Array.from({ length: source.count }, (_, index) => source.name(index)) };
    };
    const [train, test, again] = [await open("training"), await open("validation"), await open("validation")];
    expect([train.names.length, test.names.length]).toEqual([8, 2]);
    expect([...train.names, ...test.names].sort()).toEqual((await open("validation", true)).names);
    expect(again).toEqual(test);
    // Nobody names the classes: they are the numbers up to the largest label.
    expect(train.classes).toEqual(["class 0", "class 1", "class 2"]);
  });

  test("with parts takes these, and the first line of classes.txt is label 0", async () => {
    const folder = await writeSet(temporaryFolder(), "masks", parts);
    writeFileSync(join(folder, "classes.txt"), "ground\r\nred\r\nblue\r\n\r\n");
    const set = await openSegmentationSet(folder, "training");
    expect([set.layout, set.classes, set.source.count]).toEqual(["pair", ["ground", "red", "blue"], 3]);
    expect(await masksOf(set)).toEqual([0, 1, 2].map((index) => rectangles(index).labels));
  });

  test("masks that are missing, broken, coloured or of another size are named as the reason", async () => {
    const folder = await writeSet(temporaryFolder(), "masks", [["", 5]]);
    const mask = (index: number) => join(folder, "masks", `00${index}.png`);
    rmSync(mask(0));
    writeFileSync(mask(1), "broken");
    await writeImage(mask(2), rectangles(2));
    const { width, labels } = rectangles(3);
    writeMask(mask(3), labels.subarray(0, width * 2), width, 2);
    const found = await masksOf(await openSegmentationSet(folder, "validation", { whole: true }));
    expect(found.slice(0, 4)).toEqual([
      expect.stringMatching(/^its mask: .*gone/),
      expect.stringMatching(/^its mask: .*no PNG/),
      expect.stringMatching(/^its mask: .*image of colours/),
      expect.stringMatching(/^its mask: expected the shape of the image, 15 x 16/),
    ]);
    expect(found[4]).toEqual(rectangles(4).labels);
  });
});

test("folders of another kind, and wrong names of classes, are refused in words", async () => {
  const folder = temporaryFolder();
  await expect(openSegmentationSet(folder, "training")).rejects.toThrow(/images and masks.*a folder without these/s);
  await expect(openSegmentationSet(join(folder, "none"), "training")).rejects.toThrow(/no such folder/);
  await writeSet(folder, "masks", [["", 1]]);
  await expect(openSegmentationSet(folder, "training")).rejects.toThrow(/at least two images/);
  writeFileSync(join(folder, "classes.txt"), "a\n\nb\n");
  await expect(openSegmentationSet(folder, "training", { whole: true })).rejects.toThrow(/an empty line/);
  writeFileSync(join(folder, "classes.txt"), "\n");
  await expect(openSegmentationSet(folder, "training", { whole: true })).rejects.toThrow(/1 to 255 names/);
});
