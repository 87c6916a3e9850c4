// Principal components of clouds that were made along known directions, against scikit-learn, and where there are none.

import { describe, expect, test } from "vitest";
import { openEngine } from "#src/engine/index.js";
import { principalComponents } from "#src/heads/principal-components.js";
import { randomStream } from "#src/random/index.js";
import { distance } from "../nn/evaluate.js";
import { runPython } from "../pytorch.js";
import { labelledClouds } from "./labelled-clouds.js";
import { scikitLearnMissing } from "./scikit-learn.js";

const engine = openEngine({ threads: 1 });

test("finds the directions along which vectors were spread, whatever their mean", async () => {
  const random = randomStream(1, "spread", 0, 0);
  const rows = 400;
  const vectors = new Float32Array(3 * rows);
  for (let row = 0; row < rows; row++) {
    const [long, short, little] = [5 * random.normal(), 2 * random.normal(), 0.1 * random.normal()];
    vectors.set([100 + 0.6 * long - 0.8 * short, -7 + little, 0.8 * long + 0.6 * short], 3 * row);
  }
  const { directions, explained, places } = await principalComponents(vectors, 3, 2, engine);
  expect(distance(directions, Float32Array.of(0.6, 0, 0.8, 0.8, 0, -0.6))).toBeLessThan(0.1);
  expect(explained[0]!).toBeGreaterThan(0.8);
  expect(explained[0]! + explained[1]!).toBeGreaterThan(0.999);
  expect(places).toHaveLength(2 * rows);
  for (const axis of [0, 1]) {
    const along = places.filter((_, place) => place % 2 === axis);
    expect(along.reduce((sum, value) => sum + value, 0) / rows).toBeCloseTo(0, 4);
  }
});

test("vectors that are all the same have no direction, and more than their width are not asked for", async () => {
  const { directions, explained, places } = await principalComponents(new Float32Array(20).fill(3), 2, 5, engine);
  expect([...directions, ...explained, ...places].every((value) => value === 0)).toBe(true);
  expect([directions.length, explained.length, places.length]).toEqual([4, 2, 20]);
});

test("a single vector is at the origin", async () => {
  const { places, explained } = await principalComponents(Float32Array.of(1, 2, 3), 3, 2, engine);
  expect([...places, ...explained]).toEqual([0, 0, 0, 0]);
});

describe.skipIf(scikitLearnMissing !== undefined)(
  `scikit-learn${scikitLearnMissing ? ` (${scikitLearnMissing})` : ""}`,
  () => {
    test("finds the same directions, variances and places", async () => {
      const [rows, width, count] = [500, 24, 3];
      const vectors = labelledClouds(rows, width, 5, 4).features;
      const found = await principalComponents(vectors, width, count, engine);
      const wanted = runPython(
        new URL("../reference/principal_components.py", import.meta.url).pathname,
        [{ name: "vectors", dtype: "F32", shape: [rows, width], data: vectors }],
        { count },
      );
      const values = (name: string) => wanted.get(name)!.data as Float64Array;
      expect(distance(found.explained, values("explained"))).toBeLessThan(1e-5);
      for (let axis = 0; axis < count; axis++) {
        const own = found.directions.subarray(axis * width, (axis + 1) * width);
        const theirs = values("directions").subarray(axis * width, (axis + 1) * width);
        // Which way an axis points says nothing.
        const sign = Math.sign(own.reduce((sum, value, i) => sum + value * theirs[i]!, 0));
        expect(
          distance(
            own.map((value) => sign * value),
            theirs,
          ),
        ).toBeLessThan(1e-4);
        const along = (places: ArrayLike<number>) =>
          Float64Array.from({ length: rows }, (_, row) => places[row * count + axis]!);
        expect(
          distance(
            along(found.places).map((value) => sign * value),
            along(values("places")),
          ),
        ).toBeLessThan(1e-4);
      }
    });
  },
);
