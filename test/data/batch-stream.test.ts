// Batches: the same for any number of workers, any memory budget and any starting step; broken files never stop a run.

import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Batch, type BatchStream, openBatches, openSource, type SkippedImage } from "#src/data/index.js";
import { tarArchive } from "../formats/tar-writer.js";
import { patternFiles, patternImage, temporaryFolder, writeFiles } from "./image-files.js";

type Options = Omit<Parameters<typeof openBatches>[0], "source">;
const small: Options = { imageSize: 8, batchSize: 4, seed: 3, workers: 1 };
let files: Record<string, Buffer>;

beforeAll(async () => {
  files = await patternFiles(14, 40, 30);
});

async function open(path: string, options: Partial<Options> = {}): Promise<BatchStream> {
  const stream = await openBatches({ source: await openSource(path), ...small, ...options });
  onTestFinished(() => stream.close());
  return stream;
}

async function take(stream: BatchStream, count: number): Promise<Batch[]> {
  const batches: Batch[] = [];
  for (let i = 0; i < count; i++) batches.push(await stream.next());
  return batches;
}

const content = (batches: readonly Batch[]) =>
  batches.map(({ step, epoch, indices, pixels }) => ({
    step,
    epoch,
    indices,
    pixels: Buffer.from(pixels).toString("hex"),
  }));

describe("openBatches", () => {
  test("refuses a batch that no array can hold before it starts a worker", async () => {
    const folder = writeFiles(temporaryFolder(), files);
    await expect(open(folder, { imageSize: 8192, batchSize: 1000 })).rejects.toThrow(
      "Expected a batch of at most 4294967296 bytes, which one array can hold, but found 1000 images of 201326592 bytes",
    );
    await expect(open(folder, { workers: 1_000_000 })).rejects.toThrow("workers");
  });

  test("gives batches in order, each epoch a permutation without its last, smaller batch", async () => {
    const stream = await open(writeFiles(temporaryFolder(), files));
    expect(stream.stepsPerEpoch).toBe(3);
    const batches = await take(stream, 7);
    expect(batches.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(batches.map(({ epoch }) => epoch)).toEqual([0, 0, 0, 1, 1, 1, 2]);
    for (const { pixels, waitSeconds } of batches) {
      expect(pixels.length).toBe(4 * 8 * 8 * 3);
      expect(waitSeconds).toBeGreaterThanOrEqual(0);
    }
    const first = batches.slice(0, 3).flatMap(({ indices }) => [...indices]);
    expect(new Set(first).size).toBe(12);
    expect(first).not.toEqual(batches.slice(3, 6).flatMap(({ indices }) => [...indices]));
  });

  test("gives the same pixels with 1 worker, 3 workers, from memory and from disk", async () => {
    const folder = writeFiles(temporaryFolder(), { ...files, "010.png": "broken", "003.png": "" });
    const kept = await open(folder);
    const expected = content(await take(kept, 7));
    expect(kept.memory.inMemory).toBe(true);
    expect(kept.description).toMatch(/^14 images kept decoded in memory .*1 worker thread, 3 batches ahead$/);
    const streamed = await open(folder, { memoryBudget: 1000 });
    expect(streamed.memory.inMemory).toBe(false);
    expect(streamed.description).toContain("read from disk as needed");
    expect(content(await take(streamed, 7))).toEqual(expected);
    expect(content(await take(await open(folder, { workers: 3 }), 7))).toEqual(expected);
    expect(content(await take(await open(folder, { workers: 3, memoryBudget: 0, prefetch: 7 }), 7))).toEqual(expected);
  });

  test("gives the same pixels from a tar archive of the same images", async () => {
    const archive = tarArchive(...Object.entries(files).map(([name, data]) => ({ name, data })));
    const folder = writeFiles(temporaryFolder(), { ...Object.fromEntries(Object.entries(files)) });
    const shards = writeFiles(temporaryFolder(), { "a.tar": archive });
    const expected = content(await take(await open(folder), 3));
    expect(content(await take(await open(join(shards, "a.tar")), 3))).toEqual(expected);
    expect(content(await take(await open(shards, { memoryBudget: 0 }), 3))).toEqual(expected);
  });

  test("resumes at any step with the same batches, substitutes included", async () => {
    const folder = writeFiles(temporaryFolder(), { ...files, "005.png": "broken" });
    const expected = content(await take(await open(folder, { memoryBudget: 0 }), 9));
    const resumed = await open(folder, { memoryBudget: 0 });
    resumed.start(6);
    expect(content(await take(resumed, 4))).toEqual(expected.slice(5));
    resumed.start(3);
    expect(content(await take(resumed, 2))).toEqual(expected.slice(2, 4));
    for (const step of [-1, 0, 1.5]) expect(() => resumed.start(step)).toThrow(/whole number as step/);
  });

  test("depends on the seed, and random views differ between epochs", async () => {
    const folder = writeFiles(temporaryFolder(), files);
    const [first] = await take(await open(folder), 1);
    const [other] = await take(await open(folder, { seed: 4 }), 1);
    expect(first!.indices).not.toEqual(other!.indices);
    const views = await take(await open(folder, { batchSize: 14 }), 2);
    const place = (batch: Batch) => batch.indices.indexOf(0) * 192;
    const pixels = views.map((batch) => Buffer.from(batch.pixels.subarray(place(batch), place(batch) + 192)));
    expect(pixels[0]).not.toEqual(pixels[1]);
  });

  test("the fixed view shows an image in the same way every time", async () => {
    const folder = writeFiles(temporaryFolder(), files);
    const views = await take(await open(folder, { batchSize: 14, augmentation: { kind: "centre" } }), 2);
    const place = (batch: Batch) => batch.indices.indexOf(0) * 192;
    const pixels = views.map((batch) => Buffer.from(batch.pixels.subarray(place(batch), place(batch) + 192)));
    expect(pixels[0]).toEqual(pixels[1]);
  });

  test("reports each broken file once, with name and reason, and shows another image in its place", async () => {
    const broken = {
      "002.png": "",
      "004.png": "text that was renamed",
      "006.png": files["006.png"]!.subarray(0, 900),
      "007.png": await patternImage(6, 30).png().toBuffer(),
    };
    for (const memoryBudget of [0, 2 ** 30]) {
      const skips: SkippedImage[] = [];
      const folder = writeFiles(temporaryFolder(), { ...files, ...broken });
      const options = { memoryBudget, workers: 2, minimumSize: 8, onSkip: (skip: SkippedImage) => skips.push(skip) };
      const stream = await open(folder, options);
      const batches = await take(stream, 12);
      const byName = Object.fromEntries(skips.map(({ name, reason }) => [name, reason]));
      expect(Object.keys(byName).sort()).toEqual(Object.keys(broken));
      expect(skips.length).toBe(4);
      expect(stream.skipped).toBe(4);
      expect(byName["002.png"]).toBe("the file is empty");
      expect(byName["004.png"]).toMatch(/not a JPEG/);
      expect(byName["007.png"]).toMatch(/6 x 30 pixels/);
      const shown = new Set(batches.flatMap(({ indices }) => [...indices]));
      for (const index of [2, 4, 6, 7]) expect(shown.has(index)).toBe(false);
    }
  });

  test("stops with examples when too many files are broken", async () => {
    const broken = Object.fromEntries(
      Object.keys(files)
        .slice(0, 6)
        .map((name) => [name, "broken"]),
    );
    const folder = writeFiles(temporaryFolder(), { ...files, ...broken });
    const message = /at most 5 of 14 images unreadable, but found 6: 00\d\.png \(the content is no.* and 1 more/;
    await expect(open(folder)).rejects.toThrow(message);
    await expect(open(folder)).rejects.toThrow("or allow more: data.maxUnreadableShare of a configuration");
    expect((await take(await open(folder, { unreadableShare: 0.5 }), 3)).length).toBe(3);
  });

  test("stops in the middle of a run when broken files turn up one after the other", async () => {
    const many: Record<string, Uint8Array | string> = {};
    for (let i = 0; i < 64; i++) many[`${i}.png`] = i % 2 === 1 && i < 24 ? "broken" : files["000.png"]!;
    const numbered = Object.fromEntries(Object.entries(many).map(([name, bytes]) => [name.padStart(6, "0"), bytes]));
    const folder = writeFiles(temporaryFolder(), numbered);
    // The sample at opening takes every second image, so that it meets none of the twelve.
    const stream = await open(folder, { memoryBudget: 0 });
    expect(stream.skipped).toBe(0);
    await expect(take(stream, 16)).rejects.toThrow(/at most 6 of 64 images unreadable, but found 7/);
    await expect(stream.next()).rejects.toThrow(/at most 6 of 64/);
  });

  test("stops when no image is left", async () => {
    const folder = writeFiles(temporaryFolder(), { "a.png": "broken", "b.png": "broken" });
    await expect(open(folder, { batchSize: 2 })).rejects.toThrow(/at least one readable image, but found 2/);
    const stream = await open(folder, { batchSize: 2, memoryBudget: 0 }).catch((error: unknown) => error);
    expect(String(stream)).toMatch(/at least one readable image/);
  });

  test("does not hold a set whose sample deceived: what is decoded is counted by all workers together", async () => {
    const small = await patternFiles(256, 4, 4);
    const large = await patternImage(400, 400).png().toBuffer();
    // The sample at opening takes every eighth image.
    const names = Object.keys(small);
    const mixed = Object.fromEntries(names.map((name, i) => [name, i % 8 === 0 ? small[name]! : large]));
    const folder = writeFiles(temporaryFolder(), mixed);
    const stream = await open(folder, { memoryBudget: 2 ** 20, workers: 2, imageSize: 64 });
    expect(stream.memory.inMemory).toBe(false);
    expect((await take(stream, 2)).length).toBe(2);
  });

  test("keeps working while the main thread is blocked", async () => {
    const stream = await open(writeFiles(temporaryFolder(), files), { memoryBudget: 0 });
    stream.start(1);
    await stream.next();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
    const batches = await take(stream, 3);
    for (const { waitSeconds } of batches) expect(waitSeconds).toBeLessThan(0.1);
  });

  test("names both numbers when the set is smaller than a batch", async () => {
    const folder = writeFiles(temporaryFolder(), { "a.png": files["000.png"]! });
    await expect(open(folder)).rejects.toThrow(/at least 4 images for a batch of 4, but found 1 image. Set the batch/);
  });

  test("refuses a set whose images are all smaller than a patch", async () => {
    const header = Buffer.from([0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 2]);
    const folder = writeFiles(temporaryFolder(), { "images-idx3-ubyte": Buffer.concat([header, Buffer.alloc(16)]) });
    await expect(open(folder, { minimumSize: 4 })).rejects.toThrow(/at least 4 pixels each way, but found 2 x 2/);
    expect((await take(await open(folder), 1))[0]!.pixels.every((byte) => byte === 0)).toBe(true);
  });

  test.each([
    [{ imageSize: 0 }, /imageSize/],
    [{ batchSize: 1.5 }, /batchSize/],
    [{ seed: -1 }, /seed/],
    [{ workers: 0 }, /workers/],
    [{ augmentation: { scale: [0, 2] as [number, number] } }, /scale/],
  ])("refuses options %o", async (options, message) => {
    await expect(open(writeFiles(temporaryFolder(), files), options)).rejects.toThrow(message);
  });

  test("says that it was closed instead of hanging", async () => {
    const stream = await open(writeFiles(temporaryFolder(), files));
    await stream.close();
    await expect(stream.next()).rejects.toThrow(/one that was closed/);
  });
});
