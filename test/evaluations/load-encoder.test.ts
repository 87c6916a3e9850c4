// An encoder in memory: one call for an image, whatever it is given as, and the same vector as everywhere.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { UnreadableImageError } from "#src/data/index.js";
import { embed, loadEncoder } from "#src/evaluations/index.js";
import { readNpy } from "#src/formats/npy.js";
import { sharedFolder, writePatterns, writeTinyCheckpoint } from "./tiny-sets.js";

const at = sharedFolder();
const COUNT = 90;
const source = await writePatterns(at("patterns"), COUNT);
const from = await writeTinyCheckpoint(at("tiny.safetensors"));
const pathOf = (index: number) => join(source, `${String(index).padStart(4, "0")}.png`);

test("a path, a Buffer and plain bytes give the vector that embed writes", async () => {
  await embed({ source, from, out: at("all.npy") });
  const { data } = readNpy(readFileSync(at("all.npy")));
  const encoder = await loadEncoder(from, { threads: 1 });
  expect(encoder.shape.width).toBe(12);
  expect(encoder.origin).toBe(from);
  const bytes = readFileSync(pathOf(3));
  const expected = [...data.subarray(3 * 12, 4 * 12)];
  for (const image of [pathOf(3), bytes, new Uint8Array(bytes)]) {
    expect([...(await encoder.embed(image))]).toEqual(expected);
  }
});

test("a list gives its vectors in order, in calls that may overlap", async () => {
  const encoder = await loadEncoder(from, { pooling: "cls" });
  const paths = Array.from({ length: COUNT }, (_, index) => pathOf(index === COUNT / 2 ? 0 : index));
  const [together, ...single] = await Promise.all([
    encoder.embed(paths),
    ...paths.slice(0, 3).map((path) => encoder.embed(path)),
  ]);
  expect(together.length).toBe(COUNT);
  expect(together.slice(0, 3)).toEqual(single);
  expect(together[0]).toEqual(together[COUNT / 2]);
  expect(together[0]).not.toEqual(together[1]);
  expect(await encoder.embed([])).toEqual([]);
  expect(single[0]).not.toEqual(await (await loadEncoder(from)).embed(paths[0]!));
});

test("an image that cannot be read is named, and the next call works", async () => {
  const encoder = await loadEncoder(from);
  await expect(encoder.embed(pathOf(COUNT / 2))).rejects.toThrow(/0045\.png, but found the content is not a JPEG/);
  await expect(encoder.embed([pathOf(0), Buffer.from("no image")])).rejects.toThrow(
    /place 2 of those given, but found the content is not a JPEG/,
  );
  await expect(encoder.embed(new Uint8Array())).rejects.toThrow(UnreadableImageError);
  expect((await encoder.embed(pathOf(0))).length).toBe(12);
});
