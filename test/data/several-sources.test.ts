// Several folders, single images and lists of archives as one set; and archives that have to be unpacked first.

import { cpSync, mkdirSync, readFileSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { openBatches } from "#src/data/index.js";
import { openSource } from "#src/data/open-source.js";
import { readImages } from "#src/data/read-images.js";
import { compareSource } from "#src/data/source-changes.js";
import { recordSource } from "#src/data/source-record.js";
import { tarArchive } from "../formats/tar-writer.js";
import { patternFiles, temporaryFolder, writeFiles } from "./image-files.js";
import { npyFile } from "./npy-arrays.js";

async function namesAt(paths: string | readonly string[]): Promise<string[]> {
  const { count, name } = await openSource(paths);
  return Array.from({ length: count }, (_, index) => name(index));
}

/** Folders "a/photos" of two images and "b/photos" of three, each image with another content. */
async function twoFolders(): Promise<{ root: string; folders: [string, string] }> {
  const root = temporaryFolder();
  const files = Object.values(await patternFiles(5));
  const named = (from: number, to: number) =>
    Object.fromEntries(files.slice(from, to).map((bytes, index) => [`${index}.png`, bytes]));
  writeFiles(join(root, "a/photos"), named(0, 2));
  writeFiles(join(root, "b/photos"), named(2, 5));
  return { root, folders: [join(root, "a/photos"), join(root, "b/photos")] };
}

test("several folders are one set, in order, with a name for each image", async () => {
  const { root, folders } = await twoFolders();
  const source = await openSource(folders);
  expect(source).toMatchObject({ kind: "folder", count: 5, description: "5 image files from 2 folders" });
  expect(await namesAt(folders)).toEqual([
    ...["photos/0.png", "photos/1.png"],
    ...["photos-2/0.png", "photos-2/1.png", "photos-2/2.png"],
  ]);
  expect(source.containers.map(({ name }) => name)).toEqual(["photos", "photos-2"]);
  const read = await readImages({ source, indices: [0, 1, 2, 3, 4] }, { imageSize: 8 });
  const paths = ["a/photos/0.png", "a/photos/1.png", "b/photos/0.png", "b/photos/1.png", "b/photos/2.png"];
  const alone = await readImages(
    paths.map((path) => join(root, path)),
    { imageSize: 8 },
  );
  expect(read.map(({ pixels }) => pixels)).toEqual(alone.map(({ pixels }) => pixels));
});

test("folders of .npy arrays are as good as folders of images", async () => {
  const root = temporaryFolder();
  const array = (value: number) => npyFile("uint8", [2, 2, 5], new Array(20).fill(value));
  const folders = ["a/bands", "b/bands"].map((name, index) =>
    writeFiles(join(root, name), { "0.npy": array(index), "notes.txt": "" }),
  );
  expect(await namesAt(folders)).toEqual(["bands/0.npy", "bands-2/0.npy"]);
  const source = await openSource(folders);
  const read = await readImages({ source, indices: [0, 1] }, { imageSize: 2, channels: 5 });
  expect(read.map(({ pixels }) => pixels[0])).toEqual([0, 1]);
  await expect(openSource([folders[0]!, join(folders[1]!, "0.npy")])).rejects.toThrow("a single .npy array");
});

test("batches of several folders are read by the workers", async () => {
  const { folders } = await twoFolders();
  const skipped: unknown[] = [];
  const batches = await openBatches({
    source: await openSource(folders),
    imageSize: 8,
    batchSize: 5,
    workers: 1,
    onSkip: (each) => skipped.push(each),
  });
  expect([...(await batches.next()).indices].sort()).toEqual([0, 1, 2, 3, 4]);
  expect(skipped).toEqual([]);
  await batches.close();
});

test("the identity of a set has them all: what was added or changed in any is seen, wherever they lie now", async () => {
  const { root, folders } = await twoFolders();
  const record = recordSource(await openSource(folders));
  renameSync(join(root, "a"), join(root, "c"));
  const moved: [string, string] = [join(root, "c/photos"), folders[1]];
  const none = { added: [], removed: [], renamed: [], changed: [], reordered: false };
  expect(await compareSource(record, await openSource(moved))).toEqual(none);
  cpSync(join(folders[1], "2.png"), join(moved[0], "9.png"));
  expect(await compareSource(record, await openSource(moved))).toEqual({ ...none, added: ["photos/9.png"] });
  expect(await compareSource(record, await openSource([moved[0]]))).toMatchObject({ removed: expect.any(Array) });
});

test("sub-folders are classes over all folders; images beside them leave the set without labels", async () => {
  const [red, blue, green] = Object.values(await patternFiles(3));
  const root = writeFiles(temporaryFolder(), {
    "one/cat/1.png": red!,
    "one/dog/1.png": blue!,
    "two/cat/2.png": green!,
    "flat/3.png": green!,
  });
  const source = await openSource([join(root, "one"), join(root, "two")]);
  expect([source.classes, [0, 1, 2].map(source.label)]).toEqual([
    ["cat", "dog"],
    [0, 1, 0],
  ]);
  expect((await openSource([join(root, "one"), join(root, "flat")])).classes).toBe(undefined);
});

test("a single image is a set of one, and several of a folder are those alone", async () => {
  const { folders } = await twoFolders();
  const [first] = folders;
  expect(await namesAt(join(first, "1.png"))).toEqual(["1.png"]);
  expect(await namesAt([join(first, "1.png")])).toEqual(["1.png"]);
  expect(await namesAt([join(first, "1.png"), join(first, "0.png")])).toEqual(["1.png", "0.png"]);
  expect(await namesAt([join(first, "1.png"), folders[1]])).toEqual([
    ...["photos/1.png", "photos-2/0.png", "photos-2/1.png", "photos-2/2.png"],
  ]);
});

test("no image is in a set twice, whatever leads to it", async () => {
  const { root, folders } = await twoFolders();
  symlinkSync(folders[0], join(root, "link"));
  for (const paths of [
    [folders[0], folders[0]],
    [folders[0], join(root, "link")],
    [join(root, "a"), folders[0]],
    [folders[0], join(folders[0], "1.png")],
    [join(folders[0], "1.png"), join(folders[0], "1.png")],
  ]) {
    await expect(openSource(paths), paths.join()).rejects.toThrow(/each image of a set once, but found .* twice/);
  }
});

test("what cannot be one set is refused, with what to do", async () => {
  const { root, folders } = await twoFolders();
  const [image] = Object.values(await patternFiles(1));
  writeFiles(root, { "x.tar": tarArchive({ name: "1.png", data: image! }), "notes.txt": "notes" });
  mkdirSync(join(root, "empty"));
  await expect(openSource([folders[0], join(root, "x.tar")])).rejects.toThrow(
    /tar archives such as .*Give one or the other/,
  );
  await expect(openSource([folders[0], join(root, "notes.txt")])).rejects.toThrow(/notes.txt, which is neither/);
  await expect(openSource([folders[0], join(root, "empty")])).rejects.toThrow(/an empty folder/);
  await expect(openSource([])).rejects.toThrow(/an empty list of paths/);
});

test("archives may be listed one by one and by their folder", async () => {
  const [image] = Object.values(await patternFiles(1));
  const tar = tarArchive({ name: "1.png", data: image! });
  const root = writeFiles(temporaryFolder(), { "x.tar": tar, "more/y.tar": tar, "more/z.tar": tar });
  expect(await namesAt([join(root, "x.tar"), join(root, "more")])).toEqual([
    "x.tar:1.png",
    "y.tar:1.png",
    "z.tar:1.png",
  ]);
});

test.each([
  ["x.tar.gz", "\x1f\x8b", "gzipped tar archive", "which makes x.tar, and give that: gunzip "],
  ["x.tgz", "\x1f\x8b", "gzipped tar archive", "which makes x.tar, and give that: gunzip "],
  ["x.tar.zst", "\x28\xb5\x2f\xfd", "packed by zstd", "which makes x.tar, and give that: unzstd "],
  ["x.zip", "PK\x03\x04", "a zip archive", "unzip "],
])("%s is refused with how to unpack it", async (name, start, found, remedy) => {
  const gzipped = start === "\x1f\x8b" ? gzipSync("an archive") : Buffer.from(`${start}something`, "latin1");
  const root = writeFiles(temporaryFolder(), {
    [`in/${name}`]: gzipped,
    "photos/1.png": readFileSync("docs/pictures/emoji-demo.png"),
  });
  const path = join(root, "in", name);
  for (const paths of [path, join(root, "in"), [join(root, "photos"), path]]) {
    await expect(openSource(paths)).rejects.toThrow(found);
    await expect(openSource(paths)).rejects.toThrow(`${remedy}${path}`);
  }
});

test("labels of a tar archive are found in any order of its members", async () => {
  const images = Object.values(await patternFiles(3));
  const members = images.flatMap((data, index) => [
    { name: `${index}.png`, data },
    { name: `${index}.cls`, data: Buffer.from(String(2 - index)) },
  ]);
  const [png, cls] = [0, 1].map((kind) => members.filter((_, place) => place % 2 === kind)) as [
    typeof members,
    typeof members,
  ];
  const orders = { sorted: members, "images-first": [...png, ...cls], "labels-first": [...cls.toReversed(), ...png] };
  for (const [name, order] of Object.entries(orders)) {
    const root = writeFiles(temporaryFolder(), { [`${name}.tar`]: tarArchive(...order) });
    const source = await openSource(join(root, `${name}.tar`));
    expect([source.count, [0, 1, 2].map(source.label)], name).toEqual([3, [2, 1, 0]]);
    expect(source.description, name).toBe("3 images in 3 classes in 1 tar archive");
  }
});
