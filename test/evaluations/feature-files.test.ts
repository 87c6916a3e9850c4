// Reading an embedding: what was written comes back, and whatever happens to the files is an error in words or no harm.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { EvaluationError, openFeatures } from "#src/evaluations/index.js";
import { StorageError } from "#src/files/storage-error.js";
import { type Damage, damages } from "./damage.js";
import {
  contentsOf,
  endings,
  filesIn,
  madeImages,
  madeLine,
  madeOrigin,
  madeRow,
  WIDTH,
  writeMade,
} from "./made-features.js";
import { sharedFolder } from "./tiny-sets.js";

const at = sharedFolder();
/** More than two blocks of rows. */
const MANY = 2500;
const FEW = 40;
type Files = Record<(typeof endings)[number], Buffer>;
let few: Files;
/** As version 1 wrote them. */
let older: Files;

beforeAll(async () => {
  await writeMade(at("few.npy"), madeOrigin(FEW));
  await writeMade(at("many.npy"), madeOrigin(MANY));
  const [npy, jsonl, json] = contentsOf(at("few")) as [Buffer, Buffer, Buffer];
  few = { npy, jsonl, json };
  const { lines: _lines, rows: _rows, checksum: _checksum, ...rest } = JSON.parse(json.toString());
  older = { npy, jsonl, json: Buffer.from(`${JSON.stringify({ ...rest, version: 1 }, null, 2)}\n`) };
});

/** Everything that an embedding says. */
async function readAll(npy: string) {
  const { description, vectors, lines, close } = openFeatures(npy);
  try {
    const values = new Float32Array(vectors.count * vectors.width);
    vectors.read(0, vectors.count, values);
    return { description, values, lines: await lines(Array.from({ length: vectors.count }, (_, row) => row)) };
  } finally {
    close();
  }
}

async function readFiles(files: Files) {
  const place = filesIn(at("cases"), { "x.npy": files.npy, "x.jsonl": files.jsonl, "x.json": files.json });
  try {
    return await readAll(`${place}/x.npy`);
  } finally {
    rmSync(place, { recursive: true });
  }
}

const damaged = (files: Files, ending: keyof Files, damage: Damage): Files => ({
  ...files,
  [ending]: damage(files[ending]),
});

/** Undefined where it threw an error in words; others are thrown on. */
async function unlessRefused<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof EvaluationError || error instanceof StorageError)) throw error;
    expect(error.message).toMatch(/^(Expected .* but found .+\. \w+.*\.|Cannot read .*)$/s);
    return undefined;
  }
}

describe.each([
  ["with checksums", () => few],
  ["of version 1", () => older],
])("features %s", (_, files) => {
  test("come back as they were written", async () => {
    const images = madeImages(0, FEW);
    const { values, lines } = await readFiles(files());
    expect([...values]).toEqual([...Float32Array.from(images.flatMap(madeRow))]);
    expect(lines).toEqual(images.map(madeLine));
  });

  test.each<[string, keyof Files, (lines: string[]) => string[], RegExp]>([
    ["a line less", "jsonl", (lines) => lines.toSpliced(5, 1), /bytes in .*x.jsonl|36 lines in .*x.jsonl.* found 35/],
    ["a line more", "jsonl", (lines) => [...lines, lines.at(-1)!], /bytes in .*x.jsonl|index 39 after index 39/],
    ["two lines swapped", "jsonl", ([a = "", b = "", ...rest]) => [b, a, ...rest], /line 2 of .*index 1 after index 2/],
    ["a half line", "jsonl", (lines) => lines.with(-1, '{"index"'), /bytes in .*x.jsonl|8 bytes without a line break/],
    [
      "null",
      "jsonl",
      (lines) => lines.with(3, padded("null", lines[3]!)),
      /line 4 of .*expected object, received null/,
    ],
    ["no JSON", "jsonl", (lines) => lines.with(3, padded("x", lines[3]!)), /line 4 of .*found no JSON/],
    ["text for an index", "jsonl", (lines) => lines.with(3, lines[3]!.replace(":4", ":[")), /line 4 of .* found /],
    ["another class", "jsonl", (lines) => lines.with(0, lines[0]!.replace('s":"d', 's":"D')), /line 1 of .*class D/],
    ["an index beyond", "jsonl", (lines) => lines.with(-1, lines.at(-1)!.replace("39", "99")), /has 40 images/],
    ["null", "json", () => ["null"], /x.json, but found Invalid input: expected object, received null/],
    ["zeros", "json", () => ["\0".repeat(4096)], /x.json, but found no JSON/],
    ["a later version", "json", (lines) => lines.with(2, '  "version": 3,\n'), /x.json, but found version: /],
    ["no version", "json", (lines) => lines.toSpliced(2, 1), /x.json, but found version: /],
    ["a list", "npy", () => ["[]"], /an intact array in .*x.npy, but found npy: a header needs/],
    ["nothing", "npy", () => [], /an intact array in .*x.npy, but found npy: a header needs/],
  ])("are refused with %s in the .%s", async (_, ending, change, words) => {
    const text = files()[ending].toString("latin1");
    const changed = change(text.split(/(?<=\n)/)).join("");
    const refused = readFiles({ ...files(), [ending]: Buffer.from(changed, "latin1") });
    await expect(refused).rejects.toThrow(EvaluationError);
    await expect(refused).rejects.toThrow(words);
    await expect(refused).rejects.toThrow(/delete all three and embed the images again\.$/);
  });

  test("a file that is missing, or is a folder, is named", async () => {
    for (const ending of ["npy", "jsonl"] as const) {
      const { [ending]: _, ...rest } = files();
      const named = Object.fromEntries(Object.entries(rest).map(([key, bytes]) => [`x.${key}`, bytes]));
      const place = filesIn(at("cases"), named);
      await expect(readAll(`${place}/x.npy`)).rejects.toThrow(
        new RegExp(`Cannot read .*x.${ending}: There is no such`),
      );
      mkdirSync(`${place}/x.${ending}`);
      expect(await unlessRefused(readAll(`${place}/x.npy`))).toBeUndefined();
    }
  });
});

/** A line of the same length, so that only its content is at fault. */
const padded = (text: string, line: string) => `${text.padEnd(line.length - 1)}\n`;

describe("damage", () => {
  test("of files with checksums is an error in words, or no harm", async () => {
    const { description, ...intact } = await readFiles(few);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...endings),
        fc.array(damages, { minLength: 1, maxLength: 3 }),
        async (ending, all) => {
          const files = all.reduce((before, damage) => damaged(before, ending, damage), few);
          const found = await unlessRefused(readFiles(files));
          if (found === undefined) return;
          expect({ values: found.values, lines: found.lines }).toEqual(intact);
          // Places may be corrected by hand.
          expect({ ...found.description, source: "", from: "" }).toEqual({ ...description, source: "", from: "" });
        },
      ),
      { numRuns: 600 },
    );
  });

  test("of files of version 1 is an error in words, or leaves every name with its image", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...endings), damages, async (ending, damage) => {
        const found = await unlessRefused(readFiles(damaged(older, ending, damage)));
        if (found === undefined || ending !== "jsonl") return;
        expect(found.lines.map(({ index }) => index)).toEqual(madeImages(0, FEW));
      }),
      { numRuns: 400 },
    );
  });

  test("of rows is found wherever they are read", async () => {
    const whole = readFileSync(at("many.npy"));
    const read = (first: number, rows: number) => {
      const { vectors, close } = openFeatures(at("many.npy"));
      try {
        const values = new Float32Array(rows * WIDTH);
        vectors.read(first, rows, values);
        return [...values];
      } finally {
        close();
      }
    };
    const images = madeImages(0, MANY);
    const expected = (first: number, rows: number) => [
      ...Float32Array.from(images.slice(first, first + rows).flatMap(madeRow)),
    ];
    for (const [first, rows] of [
      [0, 1],
      [1020, 10],
      [1000, 1200],
      [2040, images.length - 2040],
    ] as const) {
      expect(read(first, rows)).toEqual(expected(first, rows));
    }
    const changed = Buffer.from(whole);
    changed[whole.length - 4 * WIDTH * images.length + 1500 * 4 * WIDTH]! ^= 1;
    writeFileSync(at("many.npy"), changed);
    expect(() => read(1030, 10)).toThrow(
      /rows 1024 to 2047 of .*many.npy as they were written, but found another checksum/,
    );
    expect(() => read(0, images.length)).toThrow(EvaluationError);
    expect(read(0, 1024)).toEqual(expected(0, 1024));
    writeFileSync(at("many.npy"), whole);
  });

  test("of rows of version 1 is found where they are no numbers", async () => {
    const npy = Buffer.from(older.npy);
    npy.writeFloatLE(Number.NaN, npy.length - 4 * WIDTH);
    await expect(readFiles({ ...older, npy })).rejects.toThrow(/finite numbers in row 35 of .*x.npy, but found NaN/);
  });
});

test("where images and encoder are may be corrected by hand, nothing else", async () => {
  const edited = (from: string, to: string): Files => ({
    ...few,
    json: Buffer.from(few.json.toString().replace(from, to)),
  });
  const moved = await readFiles(edited('"/photos"', '"/elsewhere"'));
  expect(moved.description.source).toBe("/elsewhere");
  await expect(readFiles(edited('"mean"', '"cls"'))).rejects.toThrow(/description in .*x.json as it was written/);
  await expect(readFiles(edited("11.png", "12.png"))).rejects.toThrow(/description in .*x.json as it was written/);
});

test("a description that does not account for every image is refused, of version 1 too", async () => {
  const json = Buffer.from(older.json.toString().replace('"images": 40', '"images": 41'));
  await expect(readFiles({ ...older, json })).rejects.toThrow(/each of the 41 images .* 36 embedded and 4 skipped/);
});

test("an embedding that is not finished is not taken for none", () => {
  const place = filesIn(at("cases"), { "x.json.partial": Buffer.from("{}"), "x.npy.partial": Buffer.from("") });
  expect(() => openFeatures(`${place}/x.npy`)).toThrow(
    /a finished embedding.*Run the same mixedae embed command again/,
  );
});
