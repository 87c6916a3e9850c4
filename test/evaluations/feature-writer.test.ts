// Writing an embedding: whatever a kill or a power failure leaves, going on leads to the very same files; one process at a time.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { GrowingChecksums } from "#src/evaluations/feature-checksums.js";
import { encodeLines } from "#src/evaluations/feature-lines.js";
import { FeatureWriter, type WriterOptions } from "#src/evaluations/feature-writer.js";
import { EvaluationError } from "#src/evaluations/index.js";
import { PartialFile } from "#src/files/growing-file.js";
import { damages } from "./damage.js";
import {
  appendMade,
  contentsOf,
  endings,
  filesIn,
  isMissing,
  madeImages,
  madeLine,
  madeOrigin,
  madeRow,
  skippedNames,
  WIDTH,
  writeMade,
} from "./made-features.js";
import { sharedFolder } from "./tiny-sets.js";

const at = sharedFolder();
const IMAGES = 90;
const origin = madeOrigin(IMAGES);
const partials = ["x.npy.partial", "x.jsonl.partial", "x.batches.partial", "x.json.partial"] as const;
type Partials = Record<(typeof partials)[number], Buffer>;
let whole: Buffer[];

beforeAll(async () => {
  await writeMade(at("whole.npy"), origin);
  whole = contentsOf(at("whole"));
});

afterEach(() => {
  vi.restoreAllMocks();
});

async function open(npy: string, options?: WriterOptions): Promise<FeatureWriter> {
  const writer = await FeatureWriter.open(npy, origin, options);
  if (writer === "finished") throw new Error(`${npy} is finished`);
  return writer;
}

/** The files of an embedding that was interrupted after so many images. */
async function interruptedAfter(images: number): Promise<Partials> {
  const place = filesIn(at("interrupted"), {});
  const writer = await open(`${place}/x.npy`);
  appendMade(writer, images, 7);
  writer.close();
  return Object.fromEntries(partials.map((name) => [name, readFileSync(`${place}/${name}`)])) as Partials;
}

/** Opens such files: where it goes on, and what comes of it in the end. */
async function goOn(files: Readonly<Record<string, Buffer>>) {
  const place = filesIn(at("cases"), files);
  const npy = `${place}/x.npy`;
  try {
    const writer = await open(npy);
    const { next, missing, damaged } = writer;
    writer.close();
    await writeMade(npy, origin, 11);
    return { next, missing, damaged, contents: contentsOf(`${place}/x`), names: readdirSync(place).sort() };
  } finally {
    rmSync(place, { recursive: true });
  }
}

const zeroedTail = (bytes: Buffer, length: number) => Buffer.from(bytes).fill(0, Math.max(0, bytes.length - length));

const finishedNames = endings.map((ending) => `x.${ending}`).sort();

describe("an interrupted embedding", () => {
  test("goes on after its last batch, images that could not be read included", async () => {
    for (const images of [0, 1, 12, 84, IMAGES]) {
      const { next, missing, damaged, contents, names } = await goOn(await interruptedAfter(images));
      expect({ next, damaged }).toEqual({ next: images, damaged: false });
      expect(missing).toEqual(Array.from({ length: images }, (_, index) => index).filter(isMissing));
      expect(contents).toEqual(whole);
      expect(names).toEqual(finishedNames);
    }
  });

  test.each<[string, (typeof partials)[number], (bytes: Buffer) => Buffer]>([
    ["zeros in the place of its last rows", "x.npy.partial", (bytes) => zeroedTail(bytes, 4 * WIDTH * 3)],
    ["a cut through its rows", "x.npy.partial", (bytes) => bytes.subarray(0, -5)],
    ["zeros in the place of its last lines", "x.jsonl.partial", (bytes) => zeroedTail(bytes, 100)],
    ["null as a line", "x.jsonl.partial", (bytes) => Buffer.from(bytes.toString().replace(/.*\n$/, "null\n"))],
    ["a line twice", "x.jsonl.partial", (bytes) => Buffer.from(bytes.toString().replace(/(.*\n)$/, "$1$1"))],
    ["two lines swapped", "x.jsonl.partial", (bytes) => Buffer.from(bytes.toString().replace(/(.*\n)(.*\n)$/, "$2$1"))],
    [
      "a line of another image",
      "x.jsonl.partial",
      (bytes) => Buffer.from(bytes.toString().replace(/cat\/40/, "cat/42")),
    ],
    ["zeros in the place of a record", "x.batches.partial", (bytes) => zeroedTail(bytes, 20)],
    ["null as a record", "x.batches.partial", (bytes) => Buffer.from(bytes.toString().replace(/.*\n$/, "null\n"))],
    ["a record twice", "x.batches.partial", (bytes) => Buffer.from(bytes.toString().replace(/(.*\n)$/, "$1$1"))],
    [
      "another count of images",
      "x.batches.partial",
      (bytes) => Buffer.from(bytes.toString().replace(/42,(?=.*\n$)/, "43,")),
    ],
  ])("with %s loses that batch at most", async (_, name, damage) => {
    const files = await interruptedAfter(42);
    const found = await goOn({ ...files, [name]: damage(files[name]) });
    expect(found.next).toBeGreaterThanOrEqual(35);
    expect(found.next).toBeLessThanOrEqual(42);
    expect(found.contents).toEqual(whole);
  });

  test("says that something was damaged, but not of what a kill leaves", async () => {
    const files = await interruptedAfter(42);
    const zeros = zeroedTail(files["x.npy.partial"], 8);
    expect(await goOn({ ...files, "x.npy.partial": zeros })).toMatchObject({ next: 35, damaged: true });
    const killed = Object.fromEntries(
      partials.slice(0, 3).map((name) => [name, Buffer.concat([files[name], files[name].subarray(-20, -3)])]),
    );
    expect(await goOn({ ...files, ...killed })).toMatchObject({ next: 42, damaged: false, contents: whole });
  });

  test("with any damage to any of its files comes to the same ones", { timeout: 120_000 }, async () => {
    const interrupted = await interruptedAfter(70);
    // Hundreds of times the disk would take long.
    vi.spyOn(PartialFile.prototype, "sync").mockImplementation(() => {});
    const harm = fc.array(fc.tuple(fc.constantFrom(...partials), damages), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(harm, async (all) => {
        const files = { ...interrupted };
        for (const [name, damage] of all) files[name] = damage(files[name]);
        try {
          const { contents, names } = await goOn(files);
          expect(contents).toEqual(whole);
          expect(names).toEqual(finishedNames);
        } catch (error) {
          // A description that is whole, but of something else, may be of files that are worth having.
          if (!(error instanceof EvaluationError)) throw error;
          const object = JSON.parse(files["x.json.partial"].toString());
          expect(object).not.toEqual(origin);
        }
      }),
      { numRuns: 150 },
    );
  });

  test.each([
    20, 10_000_000,
  ])("is bounded by the source where a line has a huge index, in a batch up to %d", async (images) => {
    const place = filesIn(at("huge"), { "x.json.partial": Buffer.from(JSON.stringify(origin)) });
    const writer = await open(`${place}/x.npy`);
    appendMade(writer, 7, 7);
    const checksums = GrowingChecksums.of(origin);
    // Files whose checksums are right although their content is impossible.
    for (const [indices, end] of [
      [madeImages(0, 7), 7],
      [[9_999_999], images],
    ] as const) {
      checksums.addRows(new Uint8Array(Float32Array.from(indices.flatMap(madeRow)).buffer));
      checksums.addLines(encodeLines(indices.map(madeLine)));
      const record = checksums.endBatch(end);
      if (end !== 7) writeFileSync(`${place}/x.batches.partial`, `${record}\n`, { flag: "a" });
    }
    writer.close();
    writeFileSync(`${place}/x.npy.partial`, new Uint8Array(Float32Array.from(madeRow(9_999_999)).buffer), {
      flag: "a",
    });
    writeFileSync(`${place}/x.jsonl.partial`, encodeLines([madeLine(9_999_999)]), { flag: "a" });
    const files = Object.fromEntries(partials.map((name) => [name, readFileSync(`${place}/${name}`)]));
    expect(await goOn(files)).toMatchObject({ next: 7, missing: [0], damaged: true, contents: whole });
  });

  test("that was killed while it gave the files their names is finished by the next", async () => {
    const files = await interruptedAfter(IMAGES);
    const [npy, jsonl, json] = whole as [Buffer, Buffer, Buffer];
    const { "x.npy.partial": _, ...begun } = files;
    const { "x.jsonl.partial": __, ...later } = begun;
    const steps = [
      { ...files, "x.npy.partial": npy },
      { ...begun, "x.npy": npy },
      { ...later, "x.npy": npy, "x.jsonl": jsonl },
      { ...later, "x.npy": npy, "x.jsonl": jsonl, "x.json.partial": json },
    ];
    for (const step of steps) {
      expect(await goOn(step)).toMatchObject({ next: IMAGES, damaged: false, contents: whole, names: finishedNames });
    }
    const place = filesIn(at("cases"), {
      "x.npy": npy,
      "x.jsonl": jsonl,
      "x.json": json,
      "x.batches.partial": files["x.batches.partial"],
    });
    expect(await FeatureWriter.open(`${place}/x.npy`, origin)).toBe("finished");
    expect(readdirSync(place).sort()).toEqual(finishedNames);
  });

  test("of version 1, whose rows cannot be checked, is computed again", async () => {
    const { "x.batches.partial": _, ...files } = await interruptedAfter(42);
    const json = Buffer.from(JSON.stringify({ ...origin, version: 1 }));
    expect(await goOn({ ...files, "x.json.partial": json })).toMatchObject({ next: 0, damaged: true, contents: whole });
  });

  test("does not write over a file that has got one of its names", async () => {
    const files = { ...(await interruptedAfter(42)), "x.npy": Buffer.from("precious") };
    await expect(goOn(files)).rejects.toThrow(/Expected a name for features that is free, but found .*x.npy there/);
  });
});

describe("a finished embedding", () => {
  const files = () => Object.fromEntries(endings.map((ending, place) => [`x.${ending}`, whole[place]!]));

  test("is finished, also when version 1 wrote it", async () => {
    const { lines: _lines, rows: _rows, checksum: _checksum, ...rest } = JSON.parse(whole[2]!.toString());
    for (const json of [whole[2]!, Buffer.from(JSON.stringify({ ...rest, version: 1 }))]) {
      const place = filesIn(at("cases"), { ...files(), "x.json": json });
      expect(await FeatureWriter.open(`${place}/x.npy`, origin)).toBe("finished");
      expect(readdirSync(place).sort()).toEqual(finishedNames);
    }
  });

  test("that is damaged is not called finished", async () => {
    for (const ending of ["npy", "jsonl"] as const) {
      const changed = Buffer.from(files()[`x.${ending}`]!);
      changed[changed.length - 6]! ^= 1;
      const place = filesIn(at("cases"), { ...files(), [`x.${ending}`]: changed });
      await expect(FeatureWriter.open(`${place}/x.npy`, origin)).rejects.toThrow(EvaluationError);
      expect(readFileSync(`${place}/x.${ending}`)).toEqual(changed);
    }
  });
});

test("rows, lines and records are put on the disk in this order, every ten seconds", async () => {
  const synced: string[] = [];
  vi.spyOn(PartialFile.prototype, "sync").mockImplementation(function (this: PartialFile) {
    synced.push(this.path.replace(/.*x\./, ""));
  });
  const all = ["npy.partial", "jsonl.partial", "batches.partial"];
  let now = 0;
  const writer = await open(`${filesIn(at("cases"), {})}/x.npy`, { clock: () => now });
  const append = (milliseconds: number, end: number) => {
    now += milliseconds;
    writer.append(Float32Array.from(madeRow(end - 1)), [madeLine(end - 1)], end);
    return synced.splice(0);
  };
  expect(append(5000, 2)).toEqual([]);
  expect(append(5000, 3)).toEqual(all);
  expect(append(9999, 4)).toEqual([]);
  expect(append(1, 5)).toEqual(all);
  writer.close();
});

describe("processes", () => {
  const program = `
    const base = process.argv[2];
    const { FeatureWriter } = await import(base + "feature-writer.js");
    const { npy, origin, batches, skipped } = JSON.parse(process.argv[3]);
    const writer = await FeatureWriter.open(npy, origin);
    console.log("open");
    for (const { rows, lines, next } of batches) {
      writer.append(Float32Array.from(rows), lines, next);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    if (skipped) await writer.finish(skipped);
    setInterval(() => {}, 1e6);
  `;
  const batches = Array.from({ length: IMAGES }, (_, first) => {
    const indices = madeImages(first, first + 1);
    return { rows: indices.flatMap(madeRow), lines: indices.map(madeLine), next: first + 1 };
  });

  /** A process that has such files open and writes to them; it finishes them where it is given what was skipped. */
  async function startWriting(npy: string, skipped?: readonly string[]) {
    writeFileSync(at("program.mjs"), program);
    const base = new URL("../../dist/evaluations/", import.meta.url).href;
    const child = spawn(process.execPath, [at("program.mjs"), base, JSON.stringify({ npy, origin, batches, skipped })]);
    const ended = once(child, "exit");
    await Promise.race([once(child.stdout, "data"), ended]);
    const kill = async () => {
      child.kill("SIGKILL");
      await ended;
    };
    return { pid: child.pid, kill };
  }

  test("that write at the same time are named, and those that were killed do not count", async () => {
    const place = filesIn(at("cases"), {});
    const npy = `${place}/x.npy`;
    const { pid, kill } = await startWriting(npy);
    await expect(open(npy)).rejects.toThrow(EvaluationError);
    await expect(open(npy)).rejects.toThrow(
      new RegExp(
        `no other process to be writing .*x.npy, but found process ${pid} since .*Wait until it ends or stop it`,
      ),
    );
    await kill();
    expect(existsSync(`${npy}.lock`)).toBe(true);
    await writeMade(npy, origin);
    expect(readdirSync(place).sort()).toEqual(finishedNames);
  });

  test("that were killed while they wrote the description leave nothing of it behind, and others' files alone", async () => {
    const place = filesIn(at("cases"), {
      ".x.json.partial.77.tmp": Buffer.from("{"),
      ".y.json.77.tmp": Buffer.from("{"),
    });
    await writeMade(`${place}/x.npy`, origin);
    expect(contentsOf(`${place}/x`)).toEqual(whole);
    expect(readdirSync(place).sort()).toEqual([".y.json.77.tmp", ...finishedNames]);
  });

  test("that are killed at any moment lose nothing that was written, and the next ones come to the same files", {
    timeout: 120_000,
  }, async () => {
    const tails: ((bytes: Buffer) => Buffer)[] = [
      (bytes) => bytes,
      (bytes) => bytes.subarray(0, -9),
      (bytes) => zeroedTail(bytes, 9),
      (bytes) => Buffer.concat([bytes, Buffer.alloc(4096)]),
      (bytes) => Buffer.concat([bytes, Buffer.from("rubbish\nnull\n")]),
    ];
    for (const [turn, tail] of tails.entries()) {
      const place = filesIn(at("cases"), {});
      const { kill } = await startWriting(`${place}/x.npy`, skippedNames(IMAGES));
      const delay = Math.random() * 200;
      await setTimeout(delay);
      await kill();
      for (const name of partials.slice(0, 3).filter((name) => existsSync(`${place}/${name}`))) {
        writeFileSync(`${place}/${name}`, tail(readFileSync(`${place}/${name}`)));
      }
      await writeMade(`${place}/x.npy`, origin);
      expect(contentsOf(`${place}/x`), `tail ${turn} after ${delay} ms`).toEqual(whole);
      expect(readdirSync(place).sort()).toEqual(finishedNames);
    }
  });

  test("that could not open the files do not keep the lock", async () => {
    const files = await interruptedAfter(42);
    const place = filesIn(at("cases"), { ...files, "x.npy": Buffer.from("precious") });
    await expect(open(`${place}/x.npy`)).rejects.toThrow(EvaluationError);
    expect(existsSync(`${place}/x.npy.lock`)).toBe(false);
  });
});
