// Images in order through worker threads: the pixels of a direct read, gaps closed, passes from anywhere.
import { expect, test } from "vitest";
import { type OrderedBatch, openOrdered, openSource, readImages } from "#src/data/index.js";
import { patternFiles, temporaryFolder, writeFiles } from "./image-files.js";

async function collect(pass: AsyncIterable<OrderedBatch>): Promise<OrderedBatch[]> {
  const batches: OrderedBatch[] = [];
  for await (const batch of pass) batches.push(batch);
  return batches;
}

test("gives all images in order with the pixels of a direct read, whatever the workers and the memory", async () => {
  const source = await openSource(writeFiles(temporaryFolder(), await patternFiles(11, 30, 20)));
  const direct = await readImages({ source, indices: Array.from({ length: 11 }, (_, i) => i) }, { imageSize: 8 });
  for (const options of [{ workers: 1 }, { workers: 3, prefetch: 1 }, { workers: 2, memoryBudget: 2 ** 20 }]) {
    const reader = await openOrdered({ source, imageSize: 8, batchSize: 4, ...options });
    const batches = await collect(reader.pass());
    expect(batches.map(({ indices }) => [...indices])).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9, 10],
    ]);
    const pixels = Buffer.concat(batches.map((batch) => batch.pixels));
    expect(pixels.equals(Buffer.concat(direct.map((image) => image.pixels)))).toBe(true);
    await reader.close();
  }
});

test("leaves out and names what cannot be read, in every pass, and begins where it is told", async () => {
  const source = await openSource(writeFiles(temporaryFolder(), { ...(await patternFiles(9)), "004.png": "broken" }));
  const reader = await openOrdered({ source, imageSize: 8, batchSize: 3, workers: 2 });
  for (let pass = 0; pass < 2; pass++) {
    const batches = await collect(reader.pass({ first: 2 }));
    expect(batches.map(({ indices }) => [...indices])).toEqual([[2, 3], [5, 6, 7], [8]]);
    expect(batches[0]!.skipped).toEqual([{ index: 4, name: "004.png", reason: expect.stringContaining("not a JPEG") }]);
    expect(batches.map(({ pixels }) => pixels.length / 192)).toEqual([2, 3, 1]);
  }
  const [chosen] = await collect(reader.pass({ indices: [7, 4, 0] }));
  expect([...chosen!.indices]).toEqual([7, 0]);
  const [alone] = await collect(reader.pass({ indices: [0] }));
  expect(chosen!.pixels.subarray(192)).toEqual(alone!.pixels);
  await expect(collect(reader.pass({ indices: [4] }))).rejects.toThrow(
    /at least one readable image, but found 1: 004.png/,
  );
  await reader.close();
});

test("random views are those of the epoch", async () => {
  const source = await openSource(writeFiles(temporaryFolder(), await patternFiles(3, 30, 20)));
  const options = { source, imageSize: 8, batchSize: 3, augmentation: {}, seed: 5 };
  const [one, other] = [await openOrdered({ ...options, workers: 1 }), await openOrdered({ ...options, workers: 2 })];
  const pixels = async (reader: typeof one, epoch: number) => (await collect(reader.pass({ epoch })))[0]!.pixels;
  const first = await pixels(one, 0);
  expect(await pixels(one, 1)).not.toEqual(first);
  expect(await pixels(other, 0)).toEqual(first);
  for (const reader of [one, other]) await reader.close();
});
