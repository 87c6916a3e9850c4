// What became of a set of images since its record was made: folders, shards and IDX sets.
import { existsSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  compareSource,
  describeChanges,
  hasChanges,
  type ImageSource,
  openOrdered,
  openSource,
  recordSource,
  SourceChangedError,
  type SourceRecord,
} from "#src/data/index.js";
import { tarArchive } from "../formats/tar-writer.js";
import { patternFiles, patternImage, temporaryFolder, writeFiles } from "./image-files.js";

/** Reads all of a set, as a run does in its first epoch. */
async function readAll(source: ImageSource): Promise<void> {
  const reader = await openOrdered({ source, imageSize: 8, batchSize: 4, workers: 1 });
  try {
    for await (const batch of reader.pass()) void batch;
  } finally {
    await reader.close();
  }
}

/** The record of a set that was read as a whole. */
async function recordOf(path: string): Promise<SourceRecord> {
  const source = await openSource(path);
  await readAll(source);
  return recordSource(source);
}

async function changesOf(record: SourceRecord, path: string, everyFile = false) {
  return compareSource(record, await openSource(path), { everyFile });
}

const nothing = { added: [], removed: [], renamed: [], changed: [], reordered: false };

async function nestedFolder(): Promise<string> {
  const files = Object.entries(await patternFiles(6));
  return writeFiles(
    temporaryFolder(),
    Object.fromEntries(files.map(([name, bytes], i) => [`${i < 3 ? "a" : "b"}/${name}`, bytes])),
  );
}

describe("a folder", () => {
  test("that is as it was has no changes", async () => {
    const folder = await nestedFolder();
    const record = await recordOf(folder);
    for (const everyFile of [false, true]) {
      const changes = await changesOf(record, folder, everyFile);
      expect(changes).toEqual(nothing);
      expect(hasChanges(changes)).toBe(false);
    }
  });

  test("images that are added, removed, renamed, moved and changed are told apart", async () => {
    const folder = await nestedFolder();
    const record = await recordOf(folder);
    writeFileSync(join(folder, "a/new.png"), await patternImage(12, 10, 99).png().toBuffer());
    rmSync(join(folder, "a/000.png"));
    renameSync(join(folder, "a/001.png"), join(folder, "a/zzz.png"));
    renameSync(join(folder, "a/002.png"), join(folder, "b/moved.png"));
    writeFileSync(join(folder, "b/004.png"), await patternImage(14, 10, 4).png().toBuffer());
    writeFileSync(join(folder, "b/readme.txt"), "not an image");
    const changes = await changesOf(record, folder);
    expect(changes).toEqual({
      added: ["a/new.png"],
      removed: ["a/000.png"],
      renamed: [
        { from: "a/001.png", to: "a/zzz.png" },
        { from: "a/002.png", to: "b/moved.png" },
      ],
      changed: ["b/004.png"],
      reordered: false,
    });
    expect(describeChanges(changes)).toEqual([
      "1 added: a/new.png",
      "1 removed: a/000.png",
      "2 renamed: a/001.png to a/zzz.png, a/002.png to b/moved.png",
      "1 changed: b/004.png",
    ]);
  });

  test("a file that is written over in place is found by looking at every file, or as it is read", async () => {
    const folder = await nestedFolder();
    const record = await recordOf(folder);
    const path = join(folder, "b/005.png");
    const same = await patternImage(12, 10, 5).png().toBuffer();
    // The same size and other content: the last byte of a comment that decoders pass over would do as well.
    const other = Buffer.from(same);
    other[other.length - 1]! ^= 1;
    writeFileSync(path, other);
    expect(await changesOf(record, folder)).toEqual(nothing);
    expect((await changesOf(record, folder, true)).changed).toEqual(["b/005.png"]);

    const source = await openSource(folder);
    await compareSource(record, source);
    await expect(readAll(source)).rejects.toThrow(SourceChangedError);
    await expect(readAll(source)).resolves.toBeUndefined();
  });

  test("copies with other times and the same content are the same images", async () => {
    const folder = await nestedFolder();
    const record = await recordOf(folder);
    for (const name of record.names) utimesSync(join(folder, name), 1, 2);
    for (const name of ["", "a", "b"]) utimesSync(join(folder, name), 3, 4);
    for (const everyFile of [false, true]) expect(await changesOf(record, folder, everyFile)).toEqual(nothing);
    const source = await openSource(folder);
    await compareSource(record, source);
    await expect(readAll(source)).resolves.toBeUndefined();
  });

  test("of images that were never read the names are compared, and nothing else", async () => {
    const folder = await nestedFolder();
    const record = recordSource(await openSource(folder));
    writeFileSync(join(folder, "b/005.png"), await patternImage(30, 30, 1).png().toBuffer());
    expect(await changesOf(record, folder, true)).toEqual(nothing);
    renameSync(join(folder, "b/005.png"), join(folder, "b/006.png"));
    expect(await changesOf(record, folder)).toMatchObject({
      added: ["b/006.png"],
      removed: ["b/005.png"],
      renamed: [],
    });
  });

  test("whatever is done to it, added and removed names are exactly the difference of its lists", async () => {
    const folder = await nestedFolder();
    const record = await recordOf(folder);
    const other = await patternImage(20, 20, 50).png().toBuffer();
    const deed = fc.record({
      name: fc.constantFrom("a/000.png", "b/004.png", "b/x.png", "c/y.png"),
      remove: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { maxLength: 6 }), async (deeds) => {
        for (const { name, remove } of deeds) {
          if (!remove) writeFiles(folder, { [name]: other });
          else if (existsSync(join(folder, name))) rmSync(join(folder, name));
        }
        const { added, removed, renamed } = await changesOf(record, folder);
        const names = recordSource(await openSource(folder)).names;
        expect(added).toEqual(names.filter((name) => !record.names.includes(name)));
        expect(removed).toEqual(record.names.filter((name) => !names.includes(name)));
        expect(renamed).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });
});

describe("tar shards", () => {
  async function shards(folder: string, order = [0, 1, 2, 3]): Promise<string> {
    const files = Object.entries(await patternFiles(4));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "a.tar"), tarArchive(...order.map((i) => ({ name: files[i]![0], data: files[i]![1] }))));
    return folder;
  }

  test("members are compared by name, order, size and content", async () => {
    const folder = await shards(temporaryFolder());
    const record = await recordOf(folder);
    for (const everyFile of [false, true]) expect(await changesOf(record, folder, everyFile)).toEqual(nothing);

    await shards(folder, [1, 0, 2, 3]);
    const reordered = await changesOf(record, folder);
    expect(reordered).toMatchObject({ added: [], removed: [], reordered: true });
    expect(describeChanges(reordered)).toContain("the images come in another order");

    await shards(folder, [0, 1, 2]);
    expect(await changesOf(record, folder)).toMatchObject({ removed: ["a.tar:003.png"], reordered: false });

    const files = await patternFiles(4);
    const changed = Buffer.from(files["002.png"]!);
    changed[changed.length - 1]! ^= 1;
    const members = Object.entries({ ...files, "002.png": changed });
    writeFileSync(join(folder, "a.tar"), tarArchive(...members.map(([name, data]) => ({ name, data }))));
    expect((await changesOf(record, folder, true)).changed).toEqual(["a.tar:002.png"]);
    const source = await openSource(folder);
    await compareSource(record, source);
    await expect(readAll(source)).rejects.toThrow(/a\.tar:002\.png to be as it was/);
  });
});

test("an IDX set is compared by the content of its files", async () => {
  const idx = (seed: number) => {
    const header = Buffer.alloc(16);
    header.set([0, 0, 8, 3]);
    for (const [place, size] of [4, 9, 9].entries()) header.writeUInt32BE(size, 4 + 4 * place);
    return Buffer.concat([header, Uint8Array.from({ length: 4 * 81 }, (_, i) => (i * 37 + seed) % 251)]);
  };
  const folder = writeFiles(temporaryFolder(), { "train-images-idx3-ubyte": idx(0) });
  const record = await recordOf(folder);
  writeFiles(folder, { "train-images-idx3-ubyte": idx(0) });
  expect(await changesOf(record, folder)).toEqual(nothing);
  writeFiles(folder, { "train-images-idx3-ubyte": idx(1) });
  expect((await changesOf(record, folder)).changed).toEqual(["train-images-idx3-ubyte"]);
});

describe("a listing that is watched", () => {
  test("says how far it is, and ends when it is aborted", async () => {
    const folder = temporaryFolder();
    for (let i = 0; i < 3000; i++) writeFileSync(join(folder, `${i}.png`), "");
    const controller = new AbortController();
    const reason = new Error("enough");
    // Asked for while the very first files are listed.
    controller.abort(reason);
    await expect(openSource(folder, { signal: controller.signal })).rejects.toBe(reason);
    expect((await openSource(folder, { onListing: () => {} })).count).toBe(3000);
  });
});
