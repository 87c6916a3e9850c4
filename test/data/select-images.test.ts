// A part of a source as a source of its own: files, shards and IDX sets.
import { expect, test } from "vitest";
import { type ImageSource, openSource, readImages, selectImages } from "#src/data/index.js";
import { tarArchive } from "../formats/tar-writer.js";
import { patternFiles, temporaryFolder, writeFiles } from "./image-files.js";

async function expectSelected(source: ImageSource): Promise<void> {
  const indices = Int32Array.of(3, 0, 3);
  const selected = selectImages(source, indices);
  expect(selected.count).toBe(3);
  const all = await readImages({ source, indices: [0, 1, 2, 3] }, { imageSize: 8 });
  const some = await readImages({ source: selected, indices: [0, 1, 2] }, { imageSize: 8 });
  for (const [place, index] of indices.entries()) {
    expect(some[place]!.pixels).toEqual(all[index]!.pixels);
    expect(selected.name(place)).toBe(source.name(index));
    expect(selected.label(place)).toBe(source.label(index));
  }
  expect(some[0]!.pixels).not.toEqual(some[1]!.pixels);
  expect(selected.classes).toEqual(source.classes);
  expect(selected.description).toMatch(/^3 images of /);
}

test("selects from folders, shards and IDX sets alike", async () => {
  const files = await patternFiles(4);
  const names = Object.keys(files);
  const labelled = Object.fromEntries(names.map((name, i) => [`${i < 2 ? "one" : "two"}/${name}`, files[name]!]));
  await expectSelected(await openSource(writeFiles(temporaryFolder(), labelled)));
  const archive = tarArchive(...names.map((name) => ({ name, data: files[name]! })));
  await expectSelected(await openSource(`${writeFiles(temporaryFolder(), { "a.tar": archive })}/a.tar`));
  const header = (dimensions: number, ...sizes: number[]) => {
    const bytes = Buffer.alloc(4 + 4 * sizes.length);
    bytes.set([0, 0, 8, dimensions]);
    for (const [place, size] of sizes.entries()) bytes.writeUInt32BE(size, 4 + 4 * place);
    return bytes;
  };
  const pixels = Uint8Array.from({ length: 4 * 81 }, (_, i) => (i * 37) % 251);
  const idx = {
    "train-images-idx3-ubyte": Buffer.concat([header(3, 4, 9, 9), pixels]),
    "train-labels-idx1-ubyte": Buffer.concat([header(1, 4), Uint8Array.of(2, 0, 1, 1)]),
  };
  await expectSelected(await openSource(writeFiles(temporaryFolder(), idx)));
});
