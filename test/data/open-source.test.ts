// Opening a set: each form is recognised by what is there, and what is not understood is refused with a remedy.

import { chmodSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type ImageSource, openSource, SourceError } from "#src/data/index.js";
import { tarArchive } from "../formats/tar-writer.js";
import { temporaryFolder, writeFiles } from "./image-files.js";

const names = (source: ImageSource) => Array.from({ length: source.count }, (_, i) => source.name(i));
const labels = (source: ImageSource) => Array.from({ length: source.count }, (_, i) => source.label(i));

describe("a folder", () => {
  test("flat: images in the order of their names, other files ignored but counted", async () => {
    const folder = writeFiles(temporaryFolder(), {
      "b.PNG": "x",
      "a.jpeg": "x",
      "ü.webp": "x",
      "notes.txt": "x",
      "drawing.svg": "x",
      ".hidden.png": "x",
      ".cache/c.png": "x",
    });
    const source = await openSource(folder);
    expect(source.kind).toBe("folder");
    expect(names(source)).toEqual(["a.jpeg", "b.PNG", "ü.webp"]);
    expect(source.classes).toBeUndefined();
    expect(source.label(0)).toBeUndefined();
    expect(source.description).toBe("3 image files (ignored: 2 other files, 2 hidden)");
  });

  test("nested: first-level sub-folders are classes, however deep the images lie", async () => {
    const folder = writeFiles(temporaryFolder(), { "dog/1.png": "x", "cat/old/2.gif": "x", "cat/1.tif": "x" });
    const source = await openSource(folder);
    expect(names(source)).toEqual(["cat/1.tif", "cat/old/2.gif", "dog/1.png"]);
    expect(source.classes).toEqual(["cat", "dog"]);
    expect(labels(source)).toEqual([0, 0, 1]);
    expect(source.description).toBe("3 image files in 2 classes");
  });

  test("mixed: no labels where some images lie at the top, or all in one sub-folder", async () => {
    const mixed = writeFiles(temporaryFolder(), { "a/1.png": "x", "b/1.png": "x", "1.png": "x" });
    expect((await openSource(mixed)).classes).toBeUndefined();
    const single = writeFiles(temporaryFolder(), { "images/1.png": "x", "images/2.png": "x" });
    expect((await openSource(single)).classes).toBeUndefined();
  });

  test("survives links in a loop and links to nowhere, and follows others once", async () => {
    const elsewhere = writeFiles(temporaryFolder(), { "far.png": "x" });
    const folder = writeFiles(temporaryFolder(), { "a/1.png": "x" });
    symlinkSync(folder, join(folder, "a", "loop"));
    symlinkSync("nowhere", join(folder, "broken.png"));
    symlinkSync("self", join(folder, "self"));
    symlinkSync(elsewhere, join(folder, "linked"));
    symlinkSync(join(folder, "a", "1.png"), join(folder, "z.png"));
    const source = await openSource(folder);
    expect(names(source)).toEqual(["a/1.png", "linked/far.png", "z.png"]);
    expect(source.description).toContain("3 unusable links");
  });

  test("empty, missing, or without images: the error says what is there", async () => {
    const folder = temporaryFolder();
    await expect(openSource(folder)).rejects.toThrow(SourceError);
    await expect(openSource(folder)).rejects.toThrow(/an empty folder/);
    await expect(openSource(join(folder, "slip"))).rejects.toThrow(/nothing there/);
    writeFiles(folder, { "readme.txt": "x", ".hidden": "x" });
    await expect(openSource(folder)).rejects.toThrow(/2 other files, 1 of them hidden \(readme\.txt\)/);
  });

  test("holding several forms is refused instead of guessed", async () => {
    const folder = writeFiles(temporaryFolder(), { "a.png": "x", "b.tar": tarArchive({ name: "a.png" }) });
    await expect(openSource(folder)).rejects.toThrow(/1 image files, 1 tar archives and 0 IDX files/);
  });

  test("without permission says so", async () => {
    const folder = writeFiles(temporaryFolder(), { "a/1.png": "x" });
    chmodSync(folder, 0o755);
    chmodSync(join(folder, "a"), 0);
    // Root may read everything, so for this moment the process acts as the user nobody.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid!(65_534);
    try {
      await expect(openSource(folder)).rejects.toThrow(/no permission/);
    } finally {
      if (isRoot) process.seteuid!(0);
      chmodSync(join(folder, "a"), 0o700);
    }
  });
});

describe("tar archives", () => {
  const shard = tarArchive(
    { name: "./1.jpg", data: "one" },
    { name: "./1.cls", data: "10\n" },
    { name: "./2.cls", data: "3" },
    { name: "./2.mask.png", data: "mask" },
    { name: "./2.png", data: "two" },
    { name: "./2.json", data: "{}" },
    { name: "./only.txt", data: "text" },
  );

  test("hold samples by WebDataset's convention, over several shards", async () => {
    const second = tarArchive({ name: "3.webp", data: "three" }, { name: "3.cls", data: "0" });
    const folder = writeFiles(temporaryFolder(), { "a.tar": shard, "sub/b.tar": second });
    for (const path of [folder, [join(folder, "a.tar"), join(folder, "sub/b.tar")]]) {
      const source = await openSource(path);
      expect(source.kind).toBe("tar");
      expect(names(source)).toEqual(["a.tar:./1.jpg", "a.tar:./2.png", "b.tar:3.webp"]);
      expect(labels(source)).toEqual([10, 3, 0]);
      expect(source.classes?.length).toBe(11);
      expect(source.description).toBe("3 images in 11 classes in 2 tar archives (ignored: 3 other files)");
    }
  });

  test("may label by name, or not at all", async () => {
    const named = tarArchive(
      { name: "1.png" },
      { name: "1.cls", data: "dog" },
      { name: "2.png" },
      { name: "2.cls", data: "cat" },
    );
    const folder = writeFiles(temporaryFolder(), { "named.tar": named, "bare.tar": tarArchive({ name: "1.png" }) });
    const source = await openSource(join(folder, "named.tar"));
    expect(source.classes).toEqual(["cat", "dog"]);
    expect(labels(source)).toEqual([1, 0]);
    expect((await openSource(folder)).classes).toBeUndefined();
  });

  test("may hold plain images whose names contain dots", async () => {
    const archive = tarArchive({ name: "IMG.2023.jpg" }, { name: "IMG.2024.jpg" }, { name: "._IMG.2024.jpg" });
    const source = await openSource(join(writeFiles(temporaryFolder(), { "a.tar": archive }), "a.tar"));
    expect(names(source)).toEqual(["a.tar:IMG.2023.jpg", "a.tar:IMG.2024.jpg"]);
  });

  test.each([
    ["damaged", shard.subarray(0, 2000), /an intact tar archive/],
    ["without images", tarArchive({ name: "a.txt" }), /1 other file/],
    [
      "with a label of nothing",
      tarArchive({ name: "1.png" }, { name: "1.cls" }),
      /a number or a short name as label in 1.cls/,
    ],
    [
      "with a label of many bytes",
      tarArchive({ name: "1.png" }, { name: "1.cls", data: "x".repeat(999) }),
      /999 bytes/,
    ],
  ])("%s are refused", async (_, bytes, message) => {
    const folder = writeFiles(temporaryFolder(), { "a.tar": bytes });
    await expect(openSource(join(folder, "a.tar"))).rejects.toThrow(SourceError);
    await expect(openSource(join(folder, "a.tar"))).rejects.toThrow(message);
  });
});

function idx(shape: readonly number[], data: readonly number[]): Buffer {
  const header = Buffer.from([0, 0, 8, shape.length, ...shape.flatMap((size) => [0, 0, 0, size])]);
  return Buffer.concat([header, Buffer.from(data)]);
}

describe("IDX files", () => {
  const two = idx([2, 1, 3], [1, 2, 3, 4, 5, 6]);
  const one = idx([1, 1, 3], [7, 8, 9]);
  const files = {
    "train-images-idx3-ubyte.gz": gzipSync(two),
    "train-labels-idx1-ubyte.gz": gzipSync(idx([2], [4, 0])),
    "t10k-images-idx3-ubyte": one,
    "t10k-labels-idx1-ubyte": idx([1], [2]),
  };

  test("are chosen by split, gzipped or not", async () => {
    const folder = writeFiles(temporaryFolder(), files);
    const train = await openSource(folder);
    expect([train.kind, train.count, train.label(0), train.classes?.length]).toEqual(["idx", 2, 4, 5]);
    expect(train.description).toBe("2 images of 3 x 1 in grey in 5 classes from train-images-idx3-ubyte.gz");
    const test_ = await openSource(folder, { split: "test" });
    expect([test_.count, test_.label(0), test_.name(0)]).toEqual([1, 2, "t10k-images-idx3-ubyte[0]"]);
  });

  test("may be named by path, and need no labels", async () => {
    const folder = writeFiles(temporaryFolder(), { "my-images-idx4-ubyte": idx([1, 1, 1, 3], [1, 2, 3]) });
    for (const path of [folder, join(folder, "my-images-idx4-ubyte")]) {
      const source = await openSource(path);
      expect([source.count, source.classes, source.table.kind]).toEqual([1, undefined, "pixels"]);
    }
  });

  test("are refused where the split is missing, labels do not fit or bytes are damaged", async () => {
    const trainOnly = { "train-images-idx3-ubyte": two };
    await expect(openSource(writeFiles(temporaryFolder(), trainOnly), { split: "test" })).rejects.toThrow(
      /split "test"/,
    );
    const wrong = { ...trainOnly, "train-labels-idx1-ubyte": idx([1], [0]) };
    await expect(openSource(writeFiles(temporaryFolder(), wrong))).rejects.toThrow(/each of the 2 images.*1 labels/);
    const cut = { "train-images-idx3-ubyte": two.subarray(0, 18) };
    await expect(openSource(writeFiles(temporaryFolder(), cut))).rejects.toThrow(/an intact IDX file/);
  });
});

describe("other files", () => {
  test("are refused with a hint", async () => {
    const folder = writeFiles(temporaryFolder(), {
      "a.bin": "some bytes",
      "a.gz": gzipSync("x"),
    });
    await expect(openSource(join(folder, "a.bin"))).rejects.toThrow(/a file of another kind/);
    await expect(openSource(join(folder, "a.gz"))).rejects.toThrow(/a gzipped file.*Unpack/);
  });
});

describe("real sets", () => {
  test("the emoji of the development dependencies", async () => {
    const modules = createRequire(import.meta.url).resolve("emoji-datasource-google/package.json");
    const source = await openSource(join(dirname(modules), "img", "google", "64"));
    expect(source.count).toBe(3786);
  });

  const fashion = "/usr/share/datasets/fashion-mnist";
  test.skipIf(!existsSync(fashion))("Fashion-MNIST (needs the Debian package dataset-fashion-mnist)", async () => {
    const source = await openSource(fashion, { split: "test" });
    expect([source.count, source.classes?.length, source.label(0)]).toEqual([10_000, 10, 9]);
  });

  const clipart = "/usr/share/openclipart/png";
  test.skipIf(!existsSync(clipart))("a messy folder (needs the Debian package openclipart-png)", async () => {
    const source = await openSource(clipart);
    expect(source.count).toBe(8121);
    expect(source.classes?.length).toBe(22);
  });
});

test("a folder without anything but folders is empty", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "a/b/c"), { recursive: true });
  await expect(openSource(folder)).rejects.toThrow(/an empty folder/);
});
