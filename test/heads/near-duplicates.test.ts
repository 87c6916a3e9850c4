// Near-duplicates: chains of links, thresholds, and groups larger than the neighbours that are looked at.

import { expect, test } from "vitest";
import { openEngine } from "#src/engine/index.js";
import { nearDuplicates } from "#src/heads/near-duplicates.js";
import { vectorsInMemory } from "#src/heads/neighbours.js";

const engine = openEngine({ threads: 1 });
/** Unit vectors on a circle. */
const atDegrees = (...angles: readonly number[]) =>
  vectorsInMemory(
    Float32Array.from(
      angles.flatMap((angle) => [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)]),
    ),
    2,
  );
const cosine = (degrees: number) => Math.cos((degrees * Math.PI) / 180);

test("rows are linked through others, and the closest group comes first", async () => {
  const vectors = atDegrees(0, 90, 10, 180, 20, 181, 270);
  const groups = await nearDuplicates(vectors, { threshold: cosine(11), engine });
  expect(groups.map(({ rows }) => rows)).toEqual([
    [3, 5],
    [0, 2, 4],
  ]);
  expect(groups[0]!.similarity).toBeCloseTo(cosine(1), 5);
  expect(groups[1]!.similarity).toBeCloseTo(cosine(10), 5);
  expect(await nearDuplicates(vectors, { threshold: cosine(0.5), engine })).toEqual([]);
});

test("a group may be larger than the neighbours that each row is compared with", async () => {
  const vectors = vectorsInMemory(new Float32Array(2 * 60).fill(1), 2);
  const progress: number[] = [];
  const groups = await nearDuplicates(vectors, { threshold: 0.999, engine, onProgress: (done) => progress.push(done) });
  expect(groups.flatMap(({ rows }) => rows).sort((a, b) => a - b)).toEqual([...Array(60).keys()]);
  expect(progress).toEqual([60]);
});
