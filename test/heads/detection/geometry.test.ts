// Boxes, anchors, matches, suppression and proposals of a detector against torchvision's, and what holds of them for any boxes.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anchorsOf, type PyramidLevel } from "#src/heads/detection/anchors.js";
import {
  ANCHOR_WEIGHTS,
  boxArea,
  boxOverlap,
  decodeBox,
  encodeBox,
  REGION_WEIGHTS,
} from "#src/heads/detection/boxes.js";
import {
  ANCHOR_THRESHOLDS,
  BACKGROUND,
  matchBoxes,
  REGION_THRESHOLDS,
  sampleMatched,
  UNDECIDED,
} from "#src/heads/detection/matching.js";
import { proposedRegions } from "#src/heads/detection/proposals.js";
import { levelsOfRegions, pyramidLevels, regionLevels } from "#src/heads/detection/pyramid-levels.js";
import { sampleRegions } from "#src/heads/detection/step-targets.js";
import { suppress } from "#src/heads/detection/suppression.js";
import { randomStream } from "#src/random/index.js";
import { pytorchMissing, runPython } from "../../pytorch.js";

const SIDE = 128;

/** Boxes of all sizes within the square; some of them twice, and some nearly the same. */
function randomBoxes(name: string, count: number, side = SIDE): Float32Array {
  const stream = randomStream(5, name, 0, 0);
  const boxes = new Float32Array(4 * count);
  for (let row = 0; row < count; row++) {
    const [left, top] = [stream.uniform() * side * 0.8, stream.uniform() * side * 0.8];
    const [right, bottom] = [
      left + 2 + stream.uniform() * (side - left - 2),
      top + 2 + stream.uniform() * (side - top - 2),
    ];
    boxes.set([left, top, right, bottom], 4 * row);
    if (row > 0 && row % 5 === 0) boxes.copyWithin(4 * row, 4 * (row - 1), 4 * row);
    if (row > 0 && row % 7 === 0) boxes.set([left, top, right + 1, bottom], 4 * (row - 1));
  }
  return boxes;
}

const values = (name: string, count: number, scale: number) => {
  const stream = randomStream(6, name, 0, 0);
  return Float32Array.from({ length: count }, () => scale * stream.normal());
};

/** torchvision rounds the anchors around the origin: with these aspects and strides they are whole already. */
const aspects = [0.25, 1, 4];
const levels: PyramidLevel[] = [
  { side: 16, stride: 8 },
  { side: 8, stride: 16 },
  { side: 4, stride: 32 },
];

describe.skipIf(pytorchMissing !== undefined)(`as torchvision${pytorchMissing ? ` (${pytorchMissing})` : ""}`, () => {
  const [count, found] = [60, 7];
  const boxes = randomBoxes("boxes", count);
  const objects = randomBoxes("objects", found);
  const scores = values("scores", count, 1);
  const deltas = values("deltas", 4 * count, 1.5);
  const anchors = anchorsOf(levels, 4, aspects);
  // Suppression, matching and proposals with the anchors of the program, three at each place.
  const own = anchorsOf(levels, 4, aspects);
  const objectness = values("objectness", own.length / 4, 2);
  const anchorDeltas = values("anchor deltas", own.length, 0.3);
  const entry = (name: string, shape: number[], data: Float32Array) => ({ name, dtype: "F32" as const, shape, data });
  const expected = () =>
    runPython(
      "test/reference/detection_geometry.py",
      [
        entry("boxes", [count, 4], boxes),
        entry("scores", [count], scores),
        entry("objects", [found, 4], objects),
        entry("deltas", [count, 4], deltas),
        entry("objectness", [own.length / 4], objectness),
        entry("anchorDeltas", [own.length / 4, 4], anchorDeltas),
      ],
      {
        ...{ sides: levels.map(({ side }) => side), strides: levels.map(({ stride }) => stride), scale: 4, aspects },
        ...{ threshold: 0.5, imageSide: SIDE, perLevel: 50, count: 40 },
      },
    );

  test("overlaps, differences, anchors, matches, suppression and proposals", () => {
    const reference = expected();
    const theirs = (name: string) => [...(reference.get(name)!.data as Float64Array)];
    const near = (ours: ArrayLike<number>, name: string) => {
      const wanted = theirs(name);
      expect(ours.length, name).toBe(wanted.length);
      for (const [place, value] of wanted.entries()) {
        expect(Math.abs(ours[place]! - value), `${name} ${place}`).toBeLessThan(1e-4 * Math.max(1, Math.abs(value)));
      }
    };
    const pairs = Array.from({ length: count * found }, (_, at) =>
      boxOverlap(boxes, Math.floor(at / found), objects, at % found),
    );
    near(pairs, "overlaps");
    for (const [name, weights] of [
      ["Anchor", ANCHOR_WEIGHTS],
      ["Region", REGION_WEIGHTS],
    ] as const) {
      const rows = Array.from({ length: count }, (_, row) => encodeBox(boxes, row, objects, row % found, weights));
      near(rows.flat(), `encoded${name}`);
      const decoded = new Float32Array(4 * count);
      for (let row = 0; row < count; row++) decodeBox(boxes, row, deltas, 4 * row, weights, SIDE, decoded, row);
      near(decoded, `decoded${name}`);
    }
    near(anchors, "anchors");
    expect(
      suppress(
        boxes,
        scores,
        Array.from({ length: count }, (_, row) => row),
        0.5,
      ),
    ).toEqual(theirs("kept"));
    expect([...matchBoxes(anchors, objects, ANCHOR_THRESHOLDS)]).toEqual(theirs("matchedAnchors"));
    expect([...matchBoxes(boxes, objects, REGION_THRESHOLDS)]).toEqual(theirs("matchedRegions"));
    near(proposedRegions(objectness, anchorDeltas, own, levels, SIDE, { perLevel: 50, count: 40 }), "proposals");
  });
});

describe("boxes", () => {
  const box = fc
    .tuple(
      fc.double({ min: 0, max: 90, noNaN: true }),
      fc.double({ min: 0, max: 90, noNaN: true }),
      fc.double({ min: 1, max: 38, noNaN: true }),
      fc.double({ min: 1, max: 38, noNaN: true }),
    )
    .map(([left, top, width, height]) => Float32Array.of(left, top, left + width, top + height));

  test("a box is decoded from its difference to any other", () => {
    fc.assert(
      fc.property(box, box, (from, target) => {
        for (const weights of [ANCHOR_WEIGHTS, REGION_WEIGHTS]) {
          const out = new Float32Array(4);
          decodeBox(from, 0, Float32Array.from(encodeBox(from, 0, target, 0, weights)), 0, weights, SIDE, out, 0);
          for (const [edge, value] of out.entries()) expect(value).toBeCloseTo(target[edge]!, 2);
        }
      }),
    );
  });

  test("overlaps are shares, the same both ways, and 1 for a box with itself", () => {
    fc.assert(
      fc.property(box, box, (a, b) => {
        const overlap = boxOverlap(a, 0, b, 0);
        expect(overlap).toBeGreaterThanOrEqual(0);
        expect(overlap).toBeLessThanOrEqual(1 + 1e-6);
        expect(boxOverlap(b, 0, a, 0)).toBeCloseTo(overlap, 10);
        expect(boxOverlap(a, 0, a, 0)).toBeCloseTo(1, 10);
      }),
    );
  });

  test("what stays after suppression overlaps little, and what went overlaps one that stays", () => {
    fc.assert(
      fc.property(
        fc.array(box, { minLength: 1, maxLength: 25 }),
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        (list, limit) => {
          const boxes = Float32Array.from(list.flatMap((each) => [...each]));
          const scores = list.map((_, row) => ((row * 7919) % 13) / 13);
          const kept = suppress(boxes, scores, list.keys(), limit);
          for (const [place, row] of kept.entries()) {
            for (const other of kept.slice(0, place)) {
              expect(scores[other]!).toBeGreaterThanOrEqual(scores[row]!);
              expect(boxOverlap(boxes, row, boxes, other)).toBeLessThanOrEqual(limit);
            }
          }
          for (const row of list.keys()) {
            if (!kept.includes(row))
              expect(kept.some((other) => boxOverlap(boxes, row, boxes, other) > limit)).toBe(true);
          }
        },
      ),
    );
  });
});

describe("what a step learns from", () => {
  const matched = Int32Array.from({ length: 100 }, (_, row) =>
    row < 30 ? row % 3 : row < 40 ? UNDECIDED : BACKGROUND,
  );

  test("at most the share shows objects, each row at most once, and undecided ones never", () => {
    const { objects, background } = sampleMatched(matched, 40, 0.25, randomStream(1, "sample", 0, 0));
    expect(objects).toHaveLength(10);
    expect(background).toHaveLength(30);
    expect(new Set([...objects, ...background]).size).toBe(40);
    for (const row of objects) expect(matched[row]!).toBeGreaterThanOrEqual(0);
    for (const row of background) expect(matched[row]!).toBe(BACKGROUND);
  });

  test("where few show objects, others take their places; where there are few at all, there are few", () => {
    const few = matched.map((each, row) => (row < 28 ? UNDECIDED : each));
    const { objects, background } = sampleMatched(few, 40, 0.5, randomStream(1, "sample", 0, 0));
    expect([objects.length, background.length]).toEqual([2, 38]);
    const all = sampleMatched(few, 500, 0.5, randomStream(1, "sample", 0, 0));
    expect([all.objects.length, all.background.length]).toEqual([2, 60]);
  });

  test("is a function of the stream, and differs between streams", () => {
    const draw = (index: number) => sampleMatched(matched, 20, 0.5, randomStream(1, "sample", 0, index));
    expect(draw(3)).toEqual(draw(3));
    expect(draw(3)).not.toEqual(draw(4));
  });

  test("an object's own box is among the regions, even where nothing was proposed", () => {
    const objects = Float32Array.of(10, 10, 40, 50, 60, 5, 100, 30);
    const { boxes, object, deltas } = sampleRegions(new Float32Array(0), objects, 64, randomStream(1, "regions", 0, 0));
    expect([...object].sort()).toEqual([0, 1]);
    expect(boxes).toHaveLength(8);
    expect([...deltas].map(Math.abs)).toEqual(new Array(8).fill(0));
  });

  test("an image without objects has regions of the background alone", () => {
    const proposed = randomBoxes("proposed", 80);
    const { object } = sampleRegions(proposed, new Float32Array(0), 64, randomStream(1, "regions", 0, 0));
    expect([...new Set(object)]).toEqual([BACKGROUND]);
    expect(object).toHaveLength(64);
  });
});

describe("levels", () => {
  test("of an image of 1,024 pixels in patches of 16 are the literature's, and regions are read from them by its rule", () => {
    const found = pyramidLevels({ imageSize: 1024, patchSize: 16, finest: 4 });
    expect(found.map(({ stride }) => stride)).toEqual([4, 8, 16, 32, 64]);
    expect(found.map(({ side }) => side)).toEqual([256, 128, 64, 32, 16]);
    const squares = [10, 111, 113, 223, 225, 447, 449, 900];
    const regions = Float32Array.from(squares.flatMap((side) => [0, 0, side, side]));
    const literature = squares.map(
      (side) => Math.min(5, Math.max(2, Math.floor(4 + Math.log2(side / 224 + 1e-8)))) - 2,
    );
    expect([...levelsOfRegions(regions, found[0]!, 8, regionLevels(found).length)]).toEqual(literature);
  });

  test("an image of one patch has levels of one place", () => {
    const found = pyramidLevels({ imageSize: 8, patchSize: 8, finest: 1 });
    expect(found.map(({ side }) => side)).toEqual([1, 1, 1]);
  });

  test("anchors have the area of their scale and its aspects", () => {
    const anchors = anchorsOf([{ side: 2, stride: 16 }], 8);
    expect(anchors).toHaveLength(2 * 2 * 3 * 4);
    for (let row = 0; row < anchors.length / 4; row++) expect(boxArea(anchors, row)).toBeCloseTo(128 ** 2, 0);
  });
});
