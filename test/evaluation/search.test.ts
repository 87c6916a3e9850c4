// Searching an embedding, and finding what is there twice.
import { copyFileSync, readFileSync } from "node:fs";
import sharp from "sharp";
import { beforeAll, expect, test } from "vitest";
import { embed, findDuplicates, search } from "#src/evaluation/index.js";
import { sharedFolder, silentProgress, writePatterns, writeTinyCheckpoint } from "./tiny-sets.js";

const at = sharedFolder();
const features = at("patterns.npy");
const image = (index: number) => at("patterns", `${String(index).padStart(4, "0")}.png`);
let from: string;

beforeAll(async () => {
  const source = await writePatterns(at("patterns"), 40);
  copyFileSync(image(3), image(31));
  copyFileSync(image(3), image(12));
  from = await writeTinyCheckpoint(at("tiny.safetensors"));
  const hooks = { progress: silentProgress(), stopRequested: () => false };
  await embed({ source, split: "train", from, out: features, pooling: "mean", threads: 1 }, hooks);
});

test("an image of the set finds itself first, and the sheet has a row for each query", async () => {
  const sheet = at("sheet.png");
  const results = await search({ features, queries: [image(7), image(30)], top: 5, sheet, threads: 1 });
  expect(results.map(({ query }) => query)).toEqual([image(7), image(30)]);
  for (const [place, name] of ["0007.png", "0030.png"].entries()) {
    const { matches } = results[place]!;
    expect(matches.length).toBe(5);
    expect(matches[0]).toMatchObject({ name, index: Number(name.slice(0, 4)) });
    expect(matches[0]!.similarity).toBeCloseTo(1, 5);
    const similarities = matches.map(({ similarity }) => similarity);
    expect(similarities).toEqual([...similarities].sort((a, b) => b - a));
  }
  const { width, height } = await sharp(readFileSync(sheet)).metadata();
  expect(width! / height!).toBeGreaterThan(2);
});

test("the encoder must be the one that the features were made with", async () => {
  const other = await writeTinyCheckpoint(at("other.safetensors"), { seed: 8 });
  await expect(search({ features, queries: [image(0)], top: 1, from: other, threads: 1 })).rejects.toThrow(
    /Expected the encoder that .*patterns.npy was made with .* but found another one .*other.safetensors/,
  );
});

test("the sheet replaces nothing unasked, no query, and is no new image of the set", async () => {
  const wanted = { features, queries: [image(7)], top: 2, threads: 1 };
  const taken = at("taken.png");
  copyFileSync(image(1), taken);
  await expect(search({ ...wanted, sheet: taken })).rejects.toThrow("add --overwrite to replace it");
  expect(readFileSync(taken)).toEqual(readFileSync(image(1)));
  await search({ ...wanted, sheet: taken, overwrite: true });
  expect(readFileSync(taken)).not.toEqual(readFileSync(image(1)));
  await expect(search({ ...wanted, sheet: image(7), overwrite: true })).rejects.toThrow("what it is made from");
  await expect(search({ ...wanted, sheet: at("patterns", "sheet.png") })).rejects.toThrow("outside the images");
  await search({ ...wanted, sheet: at("new", "folder", "sheet.png") });
});

test("features without their description are refused", async () => {
  copyFileSync(features, at("alone.npy"));
  await expect(search({ features: at("alone.npy"), queries: [image(0)], top: 1, threads: 1 })).rejects.toThrow(
    /Expected what mixedae embed writes .*alone.json, but found no such file/,
  );
});

test("copies are found as one group, in their order", async () => {
  const groups = await findDuplicates({ features, threshold: 0.9999999, threads: 1 }, silentProgress());
  const names = groups.map(({ images }) => images.map(({ name }) => name));
  expect(names).toContainEqual(["0003.png", "0012.png", "0031.png"]);
  const all = await findDuplicates({ features, threshold: 0.01, threads: 1 }, silentProgress());
  expect(all.length).toBeLessThan(groups.length + 1);
  expect(all[0]!.images.length).toBeGreaterThan(3);
});
