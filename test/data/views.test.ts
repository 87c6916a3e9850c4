// Several views of each image in a batch: the same for any number of workers, from memory and from disk, at any step.

import { describe, expect, onTestFinished, test } from "vitest";
import {
  type Batch,
  type BatchStream,
  openBatches,
  openSource,
  pixelCount,
  readImages,
  type ViewOptions,
} from "#src/data/index.js";
import { patternFiles, temporaryFolder, writeFiles } from "./image-files.js";

type Options = Omit<Parameters<typeof openBatches>[0], "source">;
const small: Options = { imageSize: 12, batchSize: 4, seed: 3, workers: 1 };
const jitter = { brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1, probability: 0.8 };
const global: ViewOptions = { name: "global", augmentation: { scale: [0.4, 1], colorJitter: jitter, blur: {} } };
const second: ViewOptions = { name: "second", augmentation: { scale: [0.4, 1], solarize: { probability: 0.5 } } };
const local: ViewOptions = {
  name: "local",
  count: 3,
  imageSize: 6,
  augmentation: { scale: [0.1, 0.4], grayscale: 0.5 },
};
const views = [global, second, local];

const folder = async (changes: Record<string, string> = {}) =>
  writeFiles(temporaryFolder(), { ...(await patternFiles(10, 40, 30)), ...changes });

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

const hex = (pixels: Uint8Array) => Buffer.from(pixels).toString("hex");
const content = (batches: readonly Batch[]) =>
  batches.map(({ step, epoch, indices, pixels, views }) => ({
    ...{ step, epoch, indices, pixels: hex(pixels) },
    views: views.map((view) => ({ ...view, pixels: hex(view.pixels) })),
  }));

/** The pixels of one view of a group as the whole batch shows it. */
function nth({ indices, views }: Batch, group: number, copy: number): string {
  const { imageSize, pixels } = views[group]!;
  const bytes = indices.length * pixelCount(imageSize) * 3;
  return hex(pixels.subarray(copy * bytes, (copy + 1) * bytes));
}

describe("views", () => {
  test("come in groups by name, the first of all as the pixels of the batch", async () => {
    const [batch] = await take(await open(await folder(), { views }), 1);
    expect(batch!.views.map(({ name, count, imageSize }) => ({ name, count, imageSize }))).toEqual([
      { name: "global", count: 1, imageSize: 12 },
      { name: "second", count: 1, imageSize: 12 },
      { name: "local", count: 3, imageSize: 6 },
    ]);
    expect(batch!.views.map(({ pixels }) => pixels.length)).toEqual([1728, 1728, 3 * 432]);
    expect(batch!.pixels).toEqual(batch!.views[0]!.pixels);
    const [several] = await take(await open(await folder(), { views: [{ name: "both", count: 2 }] }), 1);
    expect(hex(several!.pixels)).toBe(nth(several!, 0, 0));
    expect(several!.pixels.length).toBe(1728);
    expect(nth(several!, 0, 1)).not.toBe(nth(several!, 0, 0));
  });

  test("one that says nothing is the view of an ordinary stream, which has no other", async () => {
    const path = await folder();
    const augmentation = { scale: [0.3, 1] as [number, number], colorJitter: jitter };
    const [plain] = await take(await open(path, { augmentation }), 1);
    expect(plain!.views).toEqual([{ name: "image", count: 1, imageSize: 12, pixels: plain!.pixels }]);
    const more: Options["views"] = [{ name: "first" }, { name: "others", count: 2 }, { name: "last" }];
    const [batch] = await take(await open(path, { augmentation, views: more }), 1);
    expect(hex(batch!.pixels)).toBe(hex(plain!.pixels));
    const all = [nth(batch!, 0, 0), nth(batch!, 1, 0), nth(batch!, 1, 1), nth(batch!, 2, 0)];
    expect(new Set(all).size).toBe(4);
  });

  test("are numbered through the groups: how they are grouped and how many follow does not matter", async () => {
    const path = await folder();
    const [first] = await take(await open(path, { views: [{ name: "a" }, { name: "b", count: 3 }] }), 1);
    const [other] = await take(await open(path, { views: [{ name: "a", count: 2 }, { name: "b" }] }), 1);
    expect(nth(first!, 1, 0)).toBe(nth(other!, 0, 1));
    expect(nth(first!, 1, 1)).toBe(nth(other!, 1, 0));
  });

  test("are the same with 1 worker, 3 workers, from memory and from disk", async () => {
    const path = await folder({ "003.png": "broken" });
    const kept = await open(path, { views });
    const expected = content(await take(kept, 5));
    expect(kept.memory.inMemory).toBe(true);
    const streamed = await open(path, { views, memoryBudget: 0 });
    expect(streamed.memory.inMemory).toBe(false);
    expect(content(await take(streamed, 5))).toEqual(expected);
    expect(content(await take(await open(path, { views, workers: 3 }), 5))).toEqual(expected);
    expect(content(await take(await open(path, { views, workers: 3, memoryBudget: 0 }), 5))).toEqual(expected);
  });

  test("resume at any step", async () => {
    const path = await folder();
    const expected = content(await take(await open(path, { views, memoryBudget: 0 }), 5));
    const resumed = await open(path, { views, workers: 2 });
    resumed.start(4);
    expect(content(await take(resumed, 2))).toEqual(expected.slice(3));
  });

  test("change with the epoch, unless they are fixed", async () => {
    const centre: ViewOptions = { name: "centre", augmentation: { kind: "centre" } };
    const stream = await open(await folder(), { batchSize: 10, views: [global, centre] });
    const batches = await take(stream, 2);
    const shown = (group: number) =>
      batches.map(({ indices, views }) => {
        const at = indices.indexOf(0) * 432;
        return hex(views[group]!.pixels.subarray(at, at + 432));
      });
    expect(shown(0)[0]).not.toBe(shown(0)[1]);
    expect(shown(1)[0]).toBe(shown(1)[1]);
  });

  test("put every view of an image in the same slot", async () => {
    const path = await folder();
    const fixed = { kind: "centre" } as const;
    const groups: ViewOptions[] = [
      { name: "large", augmentation: fixed },
      { name: "small", count: 2, imageSize: 6, augmentation: fixed },
    ];
    const [batch] = await take(await open(path, { views: groups }), 1);
    const source = await openSource(path);
    const [large, twice] = batch!.views;
    for (const [group, side] of [
      [large!, 12],
      [twice!, 6],
    ] as const) {
      // Images are decoded at the size that the most demanding view needs: that of the large one.
      const images = await readImages({ source, indices: batch!.indices }, { imageSize: side, minimumSize: 28 });
      const expected = Buffer.concat(images.map(({ pixels }) => pixels));
      expect(Buffer.from(group.pixels)).toEqual(Buffer.concat(Array.from({ length: group.count }, () => expected)));
    }
  });

  test("count towards what may be prepared ahead", async () => {
    const path = await folder();
    const bytes = 4 * 3 * (144 + 144 + 3 * 36);
    const { description } = await open(path, { views, prefetch: 9, prefetchBytes: 2 * bytes });
    expect(description).toMatch(/2 batches ahead$/);
    expect((await open(path, { prefetch: 9, prefetchBytes: 2 * bytes })).description).toMatch(/5 batches ahead$/);
  });

  test.each([
    [[], /views/],
    [[{ name: "" }], /name/],
    [[{ name: "a", count: 0 }], /count/],
    [[{ name: "a", imageSize: 0 }], /imageSize/],
    [[{ name: "a" }, { name: "b" }, { name: "a" }], /a name of its own, but found two named "a"/],
    [[{ name: "a", augmentation: { scale: [0, 2] as [number, number] } }], /scale/],
    [[{ name: "a", colour: 1 } as ViewOptions], /colour/],
  ])("refuses %o", async (wrong: ViewOptions[], message) => {
    await expect(open(await folder(), { views: wrong })).rejects.toThrow(message);
  });
});
