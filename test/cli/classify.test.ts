// mixedae classify, from paths to a table, JSON lines and files.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { patternImage, writeFiles } from "../data/image-files.js";
import { sharedFolder } from "../evaluations/tiny-sets.js";
import { classNames, writeTinyClassifier } from "../exchange/tiny-classifier.js";
import { record } from "./recording.js";

const at = sharedFolder();
const COUNT = 150;
const run = at("run");
const classify = (...args: string[]) => record(["classify", run, ...args, "--threads", "1"]);

/** Rows of cells, quotes taken off. */
function csvRows(text: string): string[][] {
  const cell = /(?:"((?:[^"]|"")*)"|([^,\n]*))(,|\n)/g;
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(cell)) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain!);
    if (end === "\n") rows.push([]);
  }
  return rows.slice(0, -1);
}

beforeAll(async () => {
  await writeTinyClassifier(run, "mean");
  // Several batches of them, one in a folder below, and one that is none.
  const files: Record<string, Buffer | string> = { "photos/broken.png": "broken", "photos/notes.txt": "notes" };
  for (let index = 0; index < COUNT; index++) {
    const name = index === 7 ? 'deep/a, "b".png' : `${String(index).padStart(3, "0")}.png`;
    files[`photos/${name}`] = await patternImage(9, 8, index).png().toBuffer();
  }
  writeFiles(at(), files);
});

describe("mixedae classify", () => {
  test("prints a table with a line an image, its classes in columns", async () => {
    const { out, exitCode } = await classify(at("photos/000.png"), at("photos/001.png"), "--top", "2");
    const lines = out.trimEnd().split("\n");
    expect(lines.length).toBe(2);
    for (const line of lines) expect(line).toMatch(/00\d\.png {2}\S.* +\d+\.\d% {2}\S.* +\d+\.\d%$/);
    expect(lines[0]!.length).toBe(lines[1]!.length);
    expect(exitCode).toBe(0);
  });

  test("takes folders and patterns; what cannot be read there is named and passed over", async () => {
    const folder = await classify(at("photos"), "--json");
    const images = folder.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(images.length).toBe(COUNT);
    expect(images.map(({ image }) => image)).toContain(at('photos/deep/a, "b".png'));
    for (const { classes } of images.slice(0, 5)) expect(classes.length).toBe(3);
    expect(folder.err).toContain(`Skipped ${at("photos/broken.png")}: `);
    expect(folder.exitCode).toBe(0);
    const pattern = await classify(at("photos/**/{00?,a*}.png"), "--json");
    expect(pattern.out.trimEnd().split("\n").length).toBe(10);
    // An image's probabilities do not depend on what it is classified with.
    const [first] = images;
    expect(JSON.parse(pattern.out.split("\n")[0]!)).toEqual(first);
  });

  test("has failed where a named file, or none at all, can be read", async () => {
    const named = await classify(at("photos/000.png"), at("photos/broken.png"));
    expect(named.out).toContain("000.png");
    expect(named.err).toContain("Skipped ");
    expect(named.exitCode).toBe(1);
    const none = await classify(at("photos/brok*"));
    expect([none.out, none.exitCode]).toEqual(["", 1]);
    const missing = await classify(at("photos/000.png"), at("no.png"), at("no*.png"));
    expect(missing.err).toContain(`Expected images at ${at("no.png")}, ${at("no*.png")}, but found nothing there`);
    expect(missing.exitCode).toBe(2);
  });

  test("writes the probabilities of all classes as CSV", async () => {
    const { out, err, exitCode } = await classify(at("photos"), "--out", at("new/labels.csv"));
    expect(exitCode).toBe(0);
    expect(err).toMatch(/classified 151\/151/);
    expect(out).toMatch(/^Classified 150 images: .+ \d+.*\nWrote .*labels.csv\n$/);
    const [header, ...rows] = csvRows(readFileSync(at("new/labels.csv"), "utf8"));
    expect(header).toEqual(["image", "class", "probability", ...classNames]);
    expect(rows.length).toBe(COUNT);
    expect(rows.map(([image]) => image)).toContain(at('photos/deep/a, "b".png'));
    for (const [, name, probability, ...all] of rows) {
      const numbers = all.map(Number);
      expect(numbers.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 4);
      expect(Number(probability)).toBe(Math.max(...numbers));
      expect(classNames[numbers.indexOf(Number(probability))]).toBe(name);
    }
    expect(readdirSync(at("new"))).toEqual(["labels.csv"]);
  });

  test("writes JSON that names what was skipped", async () => {
    await classify(at("photos"), "--out", at("labels.json"));
    const value = JSON.parse(readFileSync(at("labels.json"), "utf8"));
    expect(value).toMatchObject({ classifier: `${run}, step 7`, classes: classNames });
    expect(value.images.length).toBe(COUNT);
    expect(value.images[0].probabilities.length).toBe(classNames.length);
    expect(value.skipped.map(({ name }: { name: string }) => name)).toEqual([at("photos/broken.png")]);
  });

  test("replaces no file unasked", async () => {
    writeFileSync(at("mine.csv"), "mine");
    const refused = await classify(at("photos"), "--out", at("mine.csv"));
    expect(refused.err).toContain("add --overwrite to replace it");
    expect([refused.exitCode, readFileSync(at("mine.csv"), "utf8")]).toEqual([2, "mine"]);
    await classify(at("photos/000.png"), "--out", at("mine.csv"), "--overwrite");
    expect(readFileSync(at("mine.csv"), "utf8")).toContain("000.png,");
  });

  test.each([
    [["--out", "labels.txt"], "expected a name that ends in .csv or .json"],
    [["--out", "labels.csv", "--json"], "cannot be used with"],
  ])("refuses %j", async (flags, words) => {
    const { err, exitCode } = await classify(at("photos/000.png"), ...flags);
    expect(err).toContain(words);
    expect(exitCode).toBe(2);
    expect(existsSync(flags[1]!)).toBe(false);
  });
});
