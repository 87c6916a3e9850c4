// Arithmetic of runs against that of pixels, and polygons against their area and against outlines worked out by hand.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { polygonRuns, runsArea, runsBox, runsOverlap, unionOfRuns } from "#src/formats/coco-masks.js";
import { decodeRuns, encodeRuns } from "#src/formats/coco-rle.js";

const sized = fc.record({ height: fc.integer({ min: 1, max: 12 }), width: fc.integer({ min: 1, max: 12 }) });
const masks = (count: number) =>
  sized.chain(({ height, width }) =>
    fc.record({
      height: fc.constant(height),
      width: fc.constant(width),
      masks: fc.array(fc.uint8Array({ minLength: height * width, maxLength: height * width, max: 1 }), {
        minLength: count,
        maxLength: count,
      }),
    }),
  );
const ones = (mask: Uint8Array) => mask.reduce((sum, bit) => sum + bit, 0);

describe("runs", () => {
  test("have the area, overlap and union of their pixels", () =>
    fc.assert(
      fc.property(masks(3), ({ height, width, masks }) => {
        const runs = masks.map((mask) => encodeRuns(mask, height, width));
        for (const [index, mask] of masks.entries()) expect(runsArea(runs[index]!)).toBe(ones(mask));
        const both = masks[0]!.map((bit, place) => bit & masks[1]![place]!);
        expect(runsOverlap(runs[0]!, runs[1]!)).toBe(ones(both));
        const any = masks[0]!.map((bit, place) => bit | masks[1]![place]! | masks[2]![place]!);
        expect(decodeRuns(unionOfRuns(runs, height * width), height, width)).toEqual(any);
      }),
    ));

  test("have the smallest box that holds their pixels, or one that reaches the edges where a run wraps", () =>
    fc.assert(
      fc.property(masks(1), ({ height, width, masks: [mask] }) => {
        const [left, top, across, down] = runsBox(encodeRuns(mask!, height, width), height);
        const places = [...mask!.keys()].filter((place) => mask![place] === 1);
        if (places.length === 0) {
          expect([left, top, across, down]).toEqual([0, 0, 0, 0]);
          return;
        }
        const [columns, rows] = [
          places.map((place) => place % width),
          places.map((place) => Math.floor(place / width)),
        ];
        expect([left, left + across]).toEqual([Math.min(...columns), Math.max(...columns) + 1]);
        expect(top).toBe(Math.min(...rows));
        expect(top + down).toBe(Math.max(...rows) + 1);
      }),
    ));

  test("with runs of no pixels are taken as they are", () => {
    expect(runsOverlap([0, 2, 0, 2], [1, 3])).toBe(3);
    expect(runsArea([0, 2, 0, 2])).toBe(4);
    expect(unionOfRuns([[4], [0, 0, 4]], 4)).toEqual([4]);
  });
});

describe("polygons", () => {
  test("along the edges of pixels are those pixels", () =>
    fc.assert(
      fc.property(
        fc.record({
          left: fc.nat(9),
          top: fc.nat(9),
          width: fc.integer({ min: 1, max: 9 }),
          height: fc.integer({ min: 1, max: 9 }),
        }),
        fc.boolean(),
        ({ left, top, width, height }, turned) => {
          const [right, bottom] = [left + width, top + height];
          const corners = [left, top, right, top, right, bottom, left, bottom];
          const polygon = turned ? [left, top, left, bottom, right, bottom, right, top] : corners;
          const mask = decodeRuns(polygonRuns(polygon, 20, 20), 20, 20);
          const expected = mask.map((_, place) => {
            const [x, y] = [place % 20, Math.floor(place / 20)];
            return x >= left && x < right && y >= top && y < bottom ? 1 : 0;
          });
          expect(mask).toEqual(expected);
        },
      ),
    ));

  test("have about the area of the polygon, and never more than the image", () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ min: 1, max: 39, noNaN: true }), fc.double({ min: 1, max: 39, noNaN: true })), {
          minLength: 3,
          maxLength: 3,
        }),
        (corners) => {
          const runs = polygonRuns(corners.flat(), 40, 40);
          const mask = decodeRuns(runs, 40, 40);
          const [[a, b], [c, d], [e, f]] = corners as [[number, number], [number, number], [number, number]];
          const area = Math.abs((c - a) * (f - b) - (e - a) * (d - b)) / 2;
          const outline = [Math.hypot(c - a, d - b), Math.hypot(e - c, f - d), Math.hypot(a - e, b - f)];
          expect(Math.abs(ones(mask) - area)).toBeLessThanOrEqual(outline.reduce((sum, each) => sum + each, 0) + 3);
        },
      ),
    ));

  test("beyond the image are cut off, and those of no area are empty", () => {
    const whole = polygonRuns([-5, -5, 15, -5, 15, 15, -5, 15], 10, 10);
    expect(ones(decodeRuns(whole, 10, 10))).toBe(100);
    expect(ones(decodeRuns(polygonRuns([3, 3, 3, 3, 3, 3], 10, 10), 10, 10))).toBe(0);
    expect(ones(decodeRuns(polygonRuns([50, 50, 60, 50, 60, 60], 10, 10), 10, 10))).toBe(0);
  });
});
