// Masks and boxes move with their image: the same crop, flip and size, in batches of any make-up.
import { join } from "node:path";
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, onTestFinished, test } from "vitest";
import type { View } from "#src/data/augmentation.js";
import { placeBoxes } from "#src/data/box-view.js";
import {
  type BatchStream,
  boxTable,
  drawAugmentation,
  maskFiles,
  openBatches,
  openOrdered,
  openSource,
  parseTransform,
  planBatchMemory,
  type RandomTransform,
  selectImages,
  type Targets,
} from "#src/data/index.js";
import { resampleMask } from "#src/data/mask-view.js";
import { resampleView } from "#src/data/resample.js";
import { randomStream } from "#src/random/index.js";
import { valuesPng } from "../formats/png-writer.js";
import { patternImage, temporaryFolder, writeFiles } from "./image-files.js";

const SIZE = 8;

function viewOf(seed: number, width: number, height: number, options = {}): View {
  const streamOf = (purpose: string) => randomStream(seed, purpose, 0, 0);
  return drawAugmentation(streamOf, width, height, SIZE, parseTransform(options, SIZE) as RandomTransform);
}

const sides = fc.integer({ min: 1, max: 60 });

describe("the mask of a view", () => {
  test("has at each pixel the class that the crop has under the pixel's centre", () => {
    fc.assert(
      fc.property(sides, sides, fc.nat(), (width, height, seed) => {
        const { region, flip, bounds } = viewOf(seed, width, height);
        const mask = Uint8Array.from({ length: width * height }, (_, place) => (place * 37) % 251);
        const image = { pixels: new Uint8Array(0), mask, width, height, channels: 3 } as const;
        const out = new Uint8Array(SIZE * SIZE + 2).fill(254);
        resampleMask(image, { region, flip, bounds }, SIZE, out, 1);
        for (let y = 0; y < SIZE; y++) {
          for (let x = 0; x < SIZE; x++) {
            const across = ((flip ? SIZE - 1 - x : x) + 0.5) / SIZE;
            const column = Math.floor(region.left + across * region.width);
            const row = Math.floor(region.top + ((y + 0.5) / SIZE) * region.height);
            expect(out[1 + y * SIZE + x]).toBe(mask[row * width + column]);
          }
        }
        expect([out[0], out.at(-1)]).toEqual([254, 254]);
      }),
    );
  });

  test("lies on its image to the pixel, where the crop is a whole multiple of the square", () => {
    fc.assert(
      fc.property(fc.nat(20), fc.nat(20), fc.boolean(), fc.integer({ min: 1, max: 3 }), (left, top, flip, times) => {
        const [width, height] = [60, 50];
        // Blocks of one colour, as large as a pixel of the square, and their classes.
        const label = (x: number, y: number) =>
          (Math.floor((x - left + 60) / times) * 5 + Math.floor((y - top + 60) / times) * 3) % 7;
        const mask = Uint8Array.from({ length: width * height }, (_, at) => label(at % width, Math.floor(at / width)));
        const pixels = mask.map((value) => 30 * value);
        const region = { left, top, width: times * SIZE, height: times * SIZE };
        const image = { pixels, mask, width, height, channels: 1 } as const;
        const [square, classes] = [new Uint8Array(SIZE * SIZE * 3), new Uint8Array(SIZE * SIZE)];
        resampleView(image, { region, bounds: region, flip }, SIZE, square, 0);
        resampleMask(image, { region, bounds: region, flip }, SIZE, classes, 0);
        // With one pixel a block, the cubic filter changes nothing.
        if (times === 1)
          expect([...classes].map((value) => 30 * value)).toEqual([...square].filter((_, i) => i % 3 === 0));
        const ownLabel = (at: number) => {
          const column = flip ? SIZE - 1 - (at % SIZE) : at % SIZE;
          return label(left + times * column, top + times * Math.floor(at / SIZE));
        };
        expect([...classes]).toEqual(Array.from(classes, (_, at) => ownLabel(at)));
      }),
    );
  });
});

describe("the boxes of a view", () => {
  const edge = fc.double({ min: 0, max: 1, noNaN: true });
  const boxes = fc.array(fc.tuple(edge, edge, edge, edge), { maxLength: 6 });

  test("are clipped to the square; those outside are left out, and the others keep their numbers", () => {
    fc.assert(
      fc.property(sides, sides, fc.nat(), boxes, (width, height, seed, shares) => {
        // As they are stored, in float32.
        const edges = shares.map(([a, b, c, d]) =>
          [
            Math.min(a, c) * 2 * width,
            Math.min(b, d) * 2 * height,
            Math.max(a, c) * 2 * width,
            Math.max(b, d) * 2 * height,
          ].map(Math.fround),
        ) as [number, number, number, number][];
        // The boxes are of the image at twice the size at which it was decoded.
        const table = boxTable([
          { width: 1, height: 1, boxes: [[0, 0, 1, 1]] },
          { width: 2 * width, height: 2 * height, boxes: edges },
        ]);
        const view = viewOf(seed, width, height);
        const { region, flip } = view;
        const found = placeBoxes(table, 1, { width, height }, view, SIZE);
        const expected = edges.flatMap(([left, top, right, bottom], number) => {
          const x = (value: number) => Math.min(SIZE, Math.max(0, ((value / 2 - region.left) / region.width) * SIZE));
          const y = (value: number) => Math.min(SIZE, Math.max(0, ((value / 2 - region.top) / region.height) * SIZE));
          const box = [flip ? SIZE - x(right) : x(left), y(top), flip ? SIZE - x(left) : x(right), y(bottom)];
          return [{ number, box }];
        });
        let row = 0;
        for (const { number, box } of expected) {
          const [left, top, right, bottom] = box as [number, number, number, number];
          if (found.numbers[row] !== number) {
            // Left out: hardly anything of it is within.
            expect(Math.min(right - left, bottom - top)).toBeLessThan(1e-4);
            continue;
          }
          [...found.edges.subarray(4 * row, 4 * row + 4)].forEach((value, i) => {
            expect(value).toBeCloseTo(box[i]!, 4);
          });
          expect(found.edges[4 * row]).toBeLessThan(found.edges[4 * row + 2]!);
          expect(found.edges[4 * row + 1]).toBeLessThan(found.edges[4 * row + 3]!);
          row++;
        }
        expect(row).toBe(found.numbers.length);
      }),
    );
  });

  test("hold exactly the pixels that they held in the image", () => {
    // A class of its own for what is in the box: its mask and its box must stay together.
    fc.assert(
      fc.property(fc.nat(), fc.nat(39), fc.nat(29), fc.integer({ min: 1, max: 40 }), (seed, left, top, side) => {
        const [width, height] = [40, 30];
        const [right, bottom] = [Math.min(width, left + side), Math.min(height, top + side)];
        const isInside = (x: number, y: number) => x >= left && x < right && y >= top && y < bottom;
        const mask = Uint8Array.from({ length: width * height }, (_, at) =>
          Number(isInside(at % width, Math.floor(at / width))),
        );
        const view = viewOf(seed, width, height);
        const out = new Uint8Array(SIZE * SIZE);
        resampleMask({ pixels: mask, mask, width, height, channels: 1 }, view, SIZE, out, 0);
        const table = boxTable([{ width, height, boxes: [[left, top, right, bottom]] }]);
        const { edges, numbers } = placeBoxes(table, 0, { width, height }, view, SIZE);
        for (let at = 0; at < out.length; at++) {
          const [x, y] = [(at % SIZE) + 0.5, Math.floor(at / SIZE) + 0.5];
          const margin = 1e-5;
          const isWithin = (by: number) =>
            numbers.length > 0 && x > edges[0]! - by && x < edges[2]! + by && y > edges[1]! - by && y < edges[3]! + by;
          if (out[at] === 1) expect(isWithin(margin)).toBe(true);
          else expect(isWithin(-margin)).toBe(false);
        }
      }),
    );
  });
});

describe("batches with targets", () => {
  const [width, height] = [24, 18];
  const label = (image: number, x: number, y: number) =>
    (image + (x >= width / 2 ? 1 : 0) + (y >= height / 2 ? 2 : 0)) % 8;

  /** Images whose pixels show the class of the mask (30 times the class), and what makes some of them unreadable. */
  async function makeSet(count = 9, broken: Readonly<Record<string, string | Uint8Array>> = {}) {
    const folder = temporaryFolder();
    const files: Record<string, Uint8Array | string> = {};
    for (let image = 0; image < count; image++) {
      const values = Uint8Array.from({ length: width * height }, (_, at) =>
        label(image, at % width, Math.floor(at / width)),
      );
      const raw = { raw: { width, height, channels: 1 as const } };
      files[`images/a/${image}.png`] = await sharp(
        values.map((value) => 30 * value),
        raw,
      )
        .png()
        .toBuffer();
      files[`masks/a/${image}.png`] = valuesPng(values, { width, height, bits: 4 });
    }
    writeFiles(folder, { ...files, ...broken });
    const source = await openSource(join(folder, "images"));
    // The first pixel, and as many boxes around all of the image as tell it from the others.
    const ofImage = (image: number) => [
      [0, 0, 1, 1],
      ...Array.from({ length: image + 1 }, () => [0, 0, width, height]),
    ];
    const boxes = boxTable(
      Array.from({ length: count }, (_, image) => ({
        width,
        height,
        boxes: ofImage(image) as [number, number, number, number][],
      })),
    );
    return { source, targets: { masks: maskFiles(source, join(folder, "masks")), boxes } };
  }

  type Set = Awaited<ReturnType<typeof makeSet>>;
  type Options = Partial<Parameters<typeof openBatches>[0]>;
  const common = { imageSize: SIZE, batchSize: 3, workers: 1, seed: 4 };

  async function open(set: Set, options: Options = {}): Promise<BatchStream> {
    const stream = await openBatches({ ...common, ...set, ...options });
    onTestFinished(() => stream.close());
    return stream;
  }

  async function take(stream: BatchStream, count = 4) {
    const batches = [];
    for (let i = 0; i < count; i++) batches.push(await stream.next());
    return batches.map(({ indices, views }) => ({ indices, views }));
  }

  test("show in each mask what the image shows, and are the same from memory, from disk and by any workers", async () => {
    const set = await makeSet();
    const kept = await open(set);
    expect(kept.memory).toMatchObject({ inMemory: true, bytes: 9 * width * height * 4 });
    const expected = await take(kept);
    for (const { indices, views } of expected) {
      const { pixels, masks, boxes } = views[0]!;
      expect(masks).toHaveLength(3 * SIZE * SIZE);
      // Where the filter meets one class alone, it shows that class; at the edges of classes it mixes them.
      const agreeing = masks!.filter((value, at) => Math.abs(30 * value - pixels[3 * at]!) <= 1).length;
      expect(agreeing / masks!.length).toBeGreaterThan(0.5);
      expect(boxes!.first).toHaveLength(4);
      for (let square = 0; square < 3; square++) {
        const [from, to] = [boxes!.first[square]!, boxes!.first[square + 1]!];
        // The whole image is seen in every crop; its first pixel in few of them.
        expect(boxes!.numbers[to - 1]).toBe(indices[square]! + 1);
        expect([...boxes!.edges.subarray(4 * to - 4, 4 * to)]).toEqual([0, 0, SIZE, SIZE]);
        expect(to - from - indices[square]!).toBeLessThanOrEqual(2);
      }
    }
    expect(await take(await open(set, { memoryBudget: 0 }))).toEqual(expected);
    expect(await take(await open(set, { workers: 3, memoryBudget: 0 }))).toEqual(expected);
    // The pixels are those of a stream without targets.
    const { targets: _, ...without } = set;
    const plain = await take(await open(without as Set));
    expect(plain.map(({ views }) => views[0]!.pixels)).toEqual(expected.map(({ views }) => views[0]!.pixels));
    expect(plain[0]!.views[0]).not.toHaveProperty("masks");
  });

  test("have targets for every view of every group", async () => {
    const views = [
      { name: "large", count: 2 },
      { name: "small", imageSize: 4, augmentation: { scale: [0.1, 0.3] as const } },
    ] as Options["views"];
    const [{ views: found } = { views: [] }] = await take(await open(await makeSet(), { views }), 1);
    expect(found.map(({ masks }) => masks!.length)).toEqual([2 * 3 * 64, 3 * 16]);
    expect(found.map(({ boxes }) => boxes!.first.length)).toEqual([7, 4]);
  });

  test("give a slot whose mask cannot be read to another image, with its own mask and boxes", async () => {
    const broken = {
      "masks/a/2.png": "no mask",
      "masks/a/5.png": await patternImage(width, height).png().toBuffer(),
      "masks/a/7.png": "",
    };
    const skipped: string[] = [];
    const set = await makeSet(9, broken);
    const stream = await open(set, { onSkip: ({ name, reason }) => skipped.push(`${name}: ${reason}`) });
    for (const { indices, views } of await take(stream, 9)) {
      const { masks, boxes } = views[0]!;
      indices.forEach((image, slot) => {
        expect(boxes!.numbers[boxes!.first[slot + 1]! - 1]).toBe(image + 1);
        expect([2, 5, 7]).not.toContain(image);
        const classes = new Set(masks!.subarray(slot * 64, (slot + 1) * 64));
        for (const value of classes) expect([0, 1, 2, 3].map((more) => (image + more) % 8)).toContain(value);
      });
    }
    expect(skipped).toHaveLength(3);
    expect(skipped.join("\n")).toMatch(/a\/2\.png: its mask: .*no PNG/);
    expect(skipped.join("\n")).toMatch(/a\/5\.png: its mask: .*an image of colours/);
  });

  test("in order, leave out gaps together with their masks and boxes", async () => {
    const set = await makeSet(5, { "images/a/1.png": "broken" });
    const reader = await openOrdered({ ...common, ...set, batchSize: 5 });
    onTestFinished(() => reader.close());
    for await (const { indices, masks, boxes, pixels } of reader.pass()) {
      expect([...indices]).toEqual([0, 2, 3, 4]);
      expect([masks!.length, pixels.length]).toEqual([4 * 64, 4 * 64 * 3]);
      indices.forEach((image, place) => {
        // The corners of the centre crop.
        expect(masks![place * 64]).toBe(label(image, 0, 0));
        expect(masks![place * 64 + 63]).toBe(label(image, width - 1, height - 1));
      });
      expect([...boxes!.first].at(-1)).toBe(boxes!.numbers.length);
      expect(boxes!.first).toHaveLength(5);
    }
  });

  test("count the masks in the memory that is planned", async () => {
    const { source, targets } = await makeSet(3);
    const [with_, without] = [{ targets }, {}].map((more) => planBatchMemory({ ...common, source, ...more }));
    expect(with_!.batchBytes / without!.batchBytes).toBeCloseTo(4 / 3, 10);
    expect(with_!.imageBytes / without!.imageBytes).toBeCloseTo(4 / 3, 10);
  });

  test("are refused with targets of another set, or with changes that these cannot follow", async () => {
    const set = await makeSet(4);
    const refused = (change: Options) => expect(openBatches({ ...common, ...set, ...change })).rejects;
    await refused({ source: selectImages(set.source, [0, 1, 2]) }).toThrow(
      "masks of each of the 3 images, but found those of 4",
    );
    await refused({ augmentation: { randAugment: {} } }).toThrow("RandAugment, which also turns and shears");
    const sizes = boxTable(Array.from({ length: 4 }, () => ({ width: height, height: width, boxes: [] })));
    const targets: Targets = { boxes: sizes };
    await refused({ targets }).toThrow(/its boxes: expected the shape of the image, 24 x 18/);
    expect(() => boxTable([{ width: 5, height: 5, boxes: [[3, 0, 1, 2]] }])).toThrow("box 0 of image 0");
  });
});
