// COCO's scores: cases worked out by hand, and generated ones against a transcription of the protocol.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseCocoInstances } from "#src/formats/coco.js";
import { parseCocoResults } from "#src/formats/coco-results.js";
import { compressRuns, encodeRuns } from "#src/formats/coco-rle.js";
import { boxIou, detectionMeasures, evaluateDetections } from "#src/heads/detection-metrics.js";
import { type RandomStream, randomStream } from "#src/random/index.js";
import { pytorchMissing } from "../pytorch.js";

const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const [HEIGHT, WIDTH] = [140, 160];

function rectangle([left, top, width, height]: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: HEIGHT * WIDTH }, (_, place) => {
    const [x, y] = [place % WIDTH, Math.floor(place / WIDTH)];
    return x >= left! && x < left! + width! && y >= top! && y < top! + height! ? 1 : 0;
  });
}

function segmentationOf(mask: Uint8Array, compressed: boolean) {
  const runs = encodeRuns(mask, HEIGHT, WIDTH);
  return { size: [HEIGHT, WIDTH], counts: compressed ? compressRuns(runs) : runs };
}

/** Objects of all sizes with crowds and areas on the limits; detections near them, elsewhere, and with equal scores. */
function generated(seed: number, images: number, many: boolean) {
  const stream = randomStream(seed, "detections", 0, 0);
  const integer = (low: number, high: number) => low + stream.integer(high - low + 1);
  const boxIn = () => {
    const side = [integer(2, 31), integer(32, 95), integer(96, 130)][integer(0, 2)]!;
    const [width, height] = [side, Math.min(HEIGHT, side + integer(-1, 3))];
    return [integer(0, WIDTH - width), integer(0, HEIGHT - height), width, height];
  };
  const annotations: object[] = [];
  const results: object[] = [];
  const categories = [3, 90, 7].map((id) => ({ id, name: `category ${id}` }));
  for (let image = 1; image <= images; image++) {
    for (const { id: category } of categories) {
      const objects = image === 2 ? 0 : integer(0, 3);
      // Category 90 is never marked.
      for (let object = 0; object < (category === 90 ? 0 : objects); object++) {
        const bbox = stream.uniform() < 0.2 ? [integer(0, 60), integer(0, 60), 32, 32] : boxIn();
        const mask = rectangle(bbox);
        for (let hole = 0; hole < 200; hole++) mask[integer(0, mask.length - 1)] = 0;
        const area = stream.uniform() < 0.5 ? bbox[2]! * bbox[3]! : mask.reduce((sum, bit) => sum + bit, 0);
        annotations.push({
          ...{ id: annotations.length + 1, image_id: image, category_id: category, bbox, area },
          iscrowd: stream.uniform() < 0.2 ? 1 : 0,
          segmentation: segmentationOf(mask, stream.uniform() < 0.5),
        });
        for (let near = integer(0, many ? 12 : 2); near > 0; near--)
          results.push(detection(nearby(bbox), image, category));
      }
      for (let other = integer(0, many ? 60 : 2); other > 0; other--) results.push(detection(boxIn(), image, category));
    }
  }
  const truth = {
    images: Array.from({ length: images }, (_, index) => ({
      ...{ id: images - index, file_name: `${index}.png`, width: WIDTH, height: HEIGHT },
    })),
    categories,
    annotations,
  };
  return { truth, results };

  function nearby(bbox: readonly number[]): number[] {
    const [x, y, w, h] = bbox.map((value) => value + integer(-4, 4)) as [number, number, number, number];
    const left = Math.min(Math.max(x, 0), WIDTH - 2);
    const top = Math.min(Math.max(y, 0), HEIGHT - 2);
    return [left, top, Math.min(Math.max(w, 1), WIDTH - left), Math.min(Math.max(h, 1), HEIGHT - top)];
  }

  function detection(bbox: readonly number[], image: number, category: number) {
    return {
      ...{ image_id: image, category_id: category, bbox, segmentation: segmentationOf(rectangle(bbox), true) },
      score: scoreOf(stream),
    };
  }
}

/** Of few values, so that many are equal. */
function scoreOf(stream: RandomStream): number {
  return stream.integer(12) / 12;
}

describe.skipIf(pytorchMissing !== undefined)(`generated cases${pytorchMissing ? ` (${pytorchMissing})` : ""}`, () => {
  test.each([
    [1, 4, false],
    [2, 7, false],
    [3, 3, true],
    [4, 1, false],
    [5, 9, false],
  ])("seed %d, %d images: the protocol gives the same numbers", (seed, images, many) => {
    const { truth, results } = generated(seed, images, many);
    const folder = mkdtempSync(join(tmpdir(), "mixedae-coco-"));
    try {
      const [a, b] = [join(folder, "a.json"), join(folder, "b.json")];
      writeFileSync(a, JSON.stringify(truth));
      writeFileSync(b, JSON.stringify(results));
      const script = "test/reference/coco_scores.py";
      const expected = JSON.parse(execFileSync("/usr/bin/python3", [script, a, b], { encoding: "utf8" }));
      const report = evaluateDetections(parseCocoInstances(bytesOf(truth)), parseCocoResults(bytesOf(results)));
      for (const kind of ["bbox", "segm"] as const) {
        const { measures, perClass } = report[kind]!;
        for (const [index, name] of detectionMeasures.entries()) {
          expect(measures[index], `${kind} ${name}`).toBeCloseTo(expected[kind].measures[index], 12);
        }
        expect(perClass.map(({ name }) => name)).toEqual(["category 3", "category 7", "category 90"]);
        for (const [index, { ap }] of perClass.entries()) expect(ap).toBeCloseTo(expected[kind].perClass[index], 12);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

const truthOf = (...boxes: readonly (readonly number[])[]) =>
  parseCocoInstances(
    bytesOf({
      images: [{ id: 1, file_name: "a.png", width: WIDTH, height: HEIGHT }],
      categories: [{ id: 5, name: "cat" }],
      annotations: boxes.map((bbox, index) => ({
        id: index + 1,
        image_id: 1,
        category_id: 5,
        bbox,
        area: bbox[2]! * bbox[3]!,
      })),
    }),
  );
const found = (...all: readonly (readonly [bbox: readonly number[], score: number])[]) =>
  parseCocoResults(bytesOf(all.map(([bbox, score]) => ({ image_id: 1, category_id: 5, bbox, score }))));

describe("worked out by hand", () => {
  test("all found is 1, nothing found is 0, nothing marked is -1", () => {
    const box = [10, 10, 50, 50];
    const perfect = evaluateDetections(truthOf(box), found([box, 0.9]));
    expect(perfect.segm).toBeUndefined();
    // The protocol adds the spacing of 1 to what it divides by, so that even a perfect precision is not quite 1.
    const rounded = perfect.bbox!.measures.map((value) => Number(value.toPrecision(12)));
    expect(rounded).toEqual([1, 1, 1, -1, 1, -1, 1, 1, 1, -1, 1, -1]);
    expect(evaluateDetections(truthOf(box), []).bbox!.measures.slice(0, 3)).toEqual([0, 0, 0]);
    expect(evaluateDetections(truthOf(), found([box, 1])).bbox!.measures).toEqual(new Array(12).fill(-1));
  });

  test("a wrong detection before the right one halves precision; behind it, it costs nothing", () => {
    const [box, wrong] = [
      [10, 10, 50, 50],
      [90, 90, 20, 20],
    ];
    expect(evaluateDetections(truthOf(box), found([wrong, 0.9], [box, 0.8])).bbox!.measures[0]).toBeCloseTo(0.5, 12);
    expect(evaluateDetections(truthOf(box), found([wrong, 0.7], [box, 0.8])).bbox!.measures[0]).toBeCloseTo(1, 12);
  });

  test("an IoU of 0.6 counts at thresholds up to 0.6", () => {
    // 50 x 30 of 50 x 50.
    const { measures } = evaluateDetections(truthOf([0, 0, 50, 50]), found([[0, 0, 50, 30], 1])).bbox!;
    expect(measures[0]).toBeCloseTo(0.3, 12);
    expect(measures[1]).toBeCloseTo(1, 12);
    expect(measures[2]).toBe(0);
  });

  test("the IoU with a crowd is over the detection's area", () => {
    expect(boxIou([0, 0, 10, 10], [0, 0, 100, 100], true)).toBe(1);
    expect(boxIou([0, 0, 10, 10], [0, 0, 100, 100], false)).toBe(0.01);
    expect(boxIou([0, 0, 10, 10], [10, 0, 10, 10], false)).toBe(0);
  });

  test("results of images that are not there are refused by their place", () => {
    const strange = parseCocoResults(bytesOf([{ image_id: 2, category_id: 5, bbox: [0, 0, 1, 1], score: 1 }]));
    expect(() => evaluateDetections(truthOf([0, 0, 5, 5]), strange)).toThrow(/detection 0: expected an image.*found 2/);
  });
});
