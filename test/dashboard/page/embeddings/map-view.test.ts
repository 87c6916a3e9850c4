// The geometry of the map: what is under a pointer stays there when one looks closer, and pictures have room.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  fittedPlaces,
  imageAt,
  imageBeside,
  moved,
  onScreen,
  pictured,
  showing,
  WHOLE_MAP,
  zoomedAt,
} from "../../../../src/dashboard/page/embeddings/map-view.js";

const size = { width: 800, height: 500 };
const all = () => true;
const places = (...values: readonly number[]) => Float32Array.from(values);

test("places fill the map at one scale both ways, with their middle in its middle", () => {
  expect([...fittedPlaces(places(10, 5, 30, 5, 20, 10))]).toEqual([-1, -0.25, 1, -0.25, 0, 0.25]);
  expect([...fittedPlaces(places(3, 3))]).toEqual([0, 0]);
});

describe("looking closer", () => {
  test("keeps what is under the pointer there, until the middle would leave the map", () => {
    const at = fc.tuple(fc.integer({ min: 100, max: 700 }), fc.integer({ min: 100, max: 400 }));
    fc.assert(
      fc.property(at, fc.double({ min: 1.01, max: 8, noNaN: true }), ([x, y], factor) => {
        const view = zoomedAt(WHOLE_MAP, factor, [x, y], size);
        if (Math.abs(view.x) === 1 || Math.abs(view.y) === 1) return;
        // The point of the map that was under the pointer.
        const scale = (0.92 * 500) / 2;
        const point = places((x - 400) / scale, (y - 250) / scale);
        const [left, top] = onScreen(point, view, size);
        expect(left).toBeCloseTo(x, 2);
        expect(top).toBeCloseTo(y, 2);
      }),
    );
  });

  test("and back again shows the whole map", () => {
    const closer = zoomedAt(WHOLE_MAP, 4, [700, 100], size);
    expect(closer.zoom).toBe(4);
    expect(zoomedAt(closer, 0.1, [3, 4], size)).toEqual(WHOLE_MAP);
    expect(moved(WHOLE_MAP, 50, 50, size)).toEqual(WHOLE_MAP);
  });

  test("dragging moves what is seen by as many pixels", () => {
    const view = { zoom: 4, x: 0, y: 0 };
    const [before, after] = [
      onScreen(places(0.1, 0.1), view, size),
      onScreen(places(0.1, 0.1), moved(view, 30, -20, size), size),
    ];
    expect([after[0]! - before[0]!, after[1]! - before[1]!].map(Math.round)).toEqual([30, -20]);
  });

  test("an image beyond the edge is brought into sight, and one in sight moves nothing", () => {
    const view = { zoom: 8, x: 0, y: 0 };
    const [x, y] = onScreen(places(0.9, -0.9), showing(view, 0.9, -0.9, size), size);
    expect([x! > 0 && x! < 800, y! > 0 && y! < 500]).toEqual([true, true]);
    expect(showing(view, 0.01, 0.01, size)).toEqual(view);
  });
});

describe("pictures", () => {
  const anyPlaces = fc.array(fc.tuple(fc.integer({ min: -300, max: 900 }), fc.integer({ min: -300, max: 900 })), {
    maxLength: 200,
  });

  test("do not overlap, and no other image would have room", () => {
    fc.assert(
      fc.property(anyPlaces, fc.integer({ min: 5, max: 90 }), (points, gap) => {
        const chosen = pictured(Float32Array.from(points.flat()), gap, all);
        const overlap = (a: number, b: number) =>
          points[a]!.every((value, axis) => Math.abs(value - points[b]![axis]!) < gap);
        for (const a of chosen) for (const b of chosen) if (a !== b) expect(overlap(a, b)).toBe(false);
        for (const image of points.keys()) expect(chosen.some((other) => overlap(image, other))).toBe(true);
      }),
    );
  });

  test("stay the same while the map is moved, and those that stand back have none", () => {
    fc.assert(
      fc.property(anyPlaces, fc.integer({ min: -500, max: 500 }), (points, by) => {
        const screen = Float32Array.from(points.flat());
        expect(
          pictured(
            screen.map((value) => value + by),
            40,
            all,
          ),
        ).toEqual(pictured(screen, 40, all));
        expect(pictured(screen, 40, (image) => image % 2 === 1).every((image) => image % 2 === 1)).toBe(true);
      }),
    );
  });
});

test("the image under a pointer is the nearest within reach that does not stand back", () => {
  const screen = places(10, 10, 14, 10, 200, 200);
  expect(imageAt(screen, [13, 10], 20, all)).toBe(1);
  expect(imageAt(screen, [13, 10], 20, (image) => image !== 1)).toBe(0);
  expect(imageAt(screen, [100, 100], 20, all)).toBeUndefined();
});

test("arrow keys go to the nearest image that way, and stay where there is none", () => {
  const map = places(0, 0, 0.2, 0.05, 0.1, 0.3, -0.5, 0, 0.6, 0);
  expect(imageBeside(map, 0, [1, 0], all)).toBe(1);
  expect(imageBeside(map, 0, [0, 1], all)).toBe(2);
  expect(imageBeside(map, 0, [-1, 0], all)).toBe(3);
  expect(imageBeside(map, 0, [0, -1], all)).toBeUndefined();
  expect(imageBeside(map, 0, [1, 0], (image) => image !== 1)).toBe(4);
});
