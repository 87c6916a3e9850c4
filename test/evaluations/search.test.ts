// Searching an embedding, and finding what is there twice.
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { FeatureWriter } from "#src/evaluations/feature-writer.js";
import { embed, findDuplicates, search } from "#src/evaluations/index.js";
import { record } from "../cli/recording.js";
import { madeOrigin } from "./made-features.js";
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
  const hooks = silentProgress();
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
  // Six columns and two rows of images that are enlarged to 224 pixels, with two lines of text below each.
  const { width, height } = await sharp(readFileSync(sheet)).metadata();
  expect([width, height]).toEqual([8 + 6 * 232, 8 + 2 * 22 + 2 * (224 + 4 + 2 * 18 + 8)]);
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

test("the sheet of copies has a row for each group, with the images and their names", async () => {
  const request = { features, threshold: 0.9999999, threads: 1 };
  const sheet = at("copies", "sheet.png");
  const groups = await findDuplicates({ ...request, sheet }, silentProgress());
  const { data, info } = await sharp(readFileSync(sheet)).raw().toBuffer({ resolveWithObject: true });
  const most = Math.max(...groups.map(({ images }) => images.length));
  expect([info.width, info.height]).toEqual([8 + most * 232, 8 + 22 + groups.length * (224 + 4 + 2 * 18 + 8)]);
  // The copies look the same.
  const row = groups.findIndex(({ images }) => images[0]!.name === "0003.png");
  const pixels = (column: number) => {
    const top = 8 + 22 + row * (224 + 4 + 2 * 18 + 8);
    const line = (y: number) => 3 * ((top + y) * info.width + 8 + column * 232);
    return Buffer.concat(Array.from({ length: 224 }, (_, y) => data.subarray(line(y), line(y) + 3 * 224)));
  };
  expect(pixels(1)).toEqual(pixels(0));
  expect(pixels(2)).toEqual(pixels(0));
  await expect(findDuplicates({ ...request, sheet }, silentProgress())).rejects.toThrow("add --overwrite");
  await findDuplicates({ ...request, sheet, overwrite: true }, silentProgress());
  const among = { ...request, sheet: at("patterns", "sheet.png") };
  await expect(findDuplicates(among, silentProgress())).rejects.toThrow("outside the images");
});

test("features of images of which none could be read are refused in words", async () => {
  const writer = await FeatureWriter.open(at("none.npy"), madeOrigin(2));
  if (writer === "finished") throw new Error("there were files");
  writer.append(new Float32Array(0), [], 2);
  await writer.finish(["a.png", "b.png"]);
  const none = { features: at("none.npy"), threads: 1 };
  await expect(search({ ...none, queries: [image(0)], top: 1 })).rejects.toThrow(
    /Expected at least one image in .*none.npy, but found none of 2 could be read/,
  );
  expect(await findDuplicates({ ...none, threshold: 0.5 }, silentProgress())).toEqual([]);
});

describe("the commands", () => {
  const lines = () => readFileSync(at("patterns.jsonl"), "utf8").split(/(?<=\n)/);

  test.each<[string, () => string[]]>([
    ["a line less", () => lines().slice(1)],
    ["a line more", () => [lines()[0]!, ...lines()]],
    ["two lines swapped", () => lines().with(0, lines()[1]!).with(1, lines()[0]!)],
    ["null as a line", () => lines().with(0, `${"null".padEnd(lines()[0]!.length - 1)}\n`)],
    ["rubbish as a line", () => lines().with(0, lines()[0]!.replaceAll('"', "!"))],
    ["another name", () => lines().with(3, lines()[3]!.replace("0003", "0004"))],
  ])("say of a .jsonl with %s that it is damaged, and give no names", async (_, changed) => {
    for (const end of ["npy", "json"]) copyFileSync(at(`patterns.${end}`), at(`changed.${end}`));
    writeFileSync(at("changed.jsonl"), changed().join(""));
    for (const args of [
      ["search", at("changed.npy"), image(3)],
      ["duplicates", at("changed.npy"), "--threshold", "0.9"],
    ]) {
      const { exitCode, out, err } = await record(args);
      expect(err).toMatch(
        /^error: Expected .*changed.jsonl.*, but found .*delete all three and embed the images again\.\n$/,
      );
      expect(out).not.toContain(".png");
      expect(exitCode).toBe(1);
    }
  });

  test("duplicates --json prints a group a line, and all else on the error output", async () => {
    const { out, err, exitCode } = await record(["duplicates", features, "--threshold", "0.9999999", "--json"]);
    const groups = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(groups.map(({ images }) => images.map(({ name }: { name: string }) => name))).toContainEqual([
      "0003.png",
      "0012.png",
      "0031.png",
    ]);
    expect(groups[0]).toEqual({ similarity: expect.closeTo(1, 5), images: expect.any(Array) });
    expect(err).toMatch(/\d+ groups? of \d+ images in all\.\n$/);
    expect(exitCode).toBe(0);
  });

  test("duplicates --sheet says what it wrote, or that there was nothing to draw", async () => {
    const drawn = await record(["duplicates", features, "--threshold", "0.9999999", "--sheet", at("drawn.png")]);
    expect(drawn.out).toContain(`Wrote ${at("drawn.png")}\n`);
    expect(existsSync(at("drawn.png"))).toBe(true);
    const wrong = await record(["duplicates", features, "--sheet", at("drawn.jpg")]);
    expect(wrong.err).toContain("expected a name that ends in .png");
    expect(wrong.exitCode).toBe(2);
  });

  test("name all files that are missing at once, and no others", async () => {
    const [one, two] = [at("one.png"), at("two.png")];
    const { exitCode, err } = await record(["search", features, one, image(0), two]);
    expect(err).toBe(`error: There are no files ${one}, ${two}\n`);
    expect(exitCode).toBe(2);
    expect((await record(["search", features, one])).err).toBe(`error: There is no file ${one}\n`);
    const all = await record(["search", at("else.npy"), one, image(0)]);
    expect(all.err).toBe(
      `error: There are no features ${at("else.npy")}: expected the .npy file that mixedae embed writes. ` +
        `There is no file ${one}\n`,
    );
    writeFileSync(at("begun.npy.partial"), "");
    for (const args of [
      ["search", at("begun.npy"), image(0)],
      ["duplicates", at("begun.npy")],
    ]) {
      const { exitCode, err } = await record(args);
      expect(err).toMatch(
        /^error: The features .*begun.npy are not finished: run the same mixedae embed command again/,
      );
      expect(exitCode).toBe(2);
    }
  });
});
