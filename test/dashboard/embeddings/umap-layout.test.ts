// The layout by neighbours: groups stay together, from one start to the next it is the same, and equal vectors are no trouble.

import { expect, test } from "vitest";
import { LAYOUT_NEIGHBOURS, layoutEpochs, startLayout } from "#src/dashboard/embeddings/umap-layout.js";
import { openEngine } from "#src/engine/index.js";
import { findNeighbours, vectorsInMemory } from "#src/heads/neighbours.js";
import { principalComponents } from "#src/heads/principal-components.js";
import { randomStream } from "#src/random/index.js";

const engine = openEngine({ threads: 1 });
const width = 12;

/** Clouds around random directions, row by row from another one. */
function clouds(rows: number, count: number, spread: number): Float32Array {
  const random = randomStream(3, "clouds", 0, 0);
  const centres = Array.from({ length: count * width }, () => random.normal());
  return Float32Array.from({ length: rows * width }, (_, place) => {
    const row = Math.floor(place / width);
    return centres[(row % count) * width + (place % width)]! + spread * random.normal();
  });
}

async function layoutOf(vectors: Float32Array) {
  const neighbours = await findNeighbours(vectorsInMemory(vectors, width), vectors, { k: LAYOUT_NEIGHBOURS, engine });
  const { places } = await principalComponents(vectors, width, 2, engine);
  return startLayout(neighbours, places);
}

/** The share of the nearest on the plane that are of the same cloud. */
function purity(places: Float32Array, count: number): number {
  const rows = places.length / 2;
  const pure = Array.from({ length: rows }, (_, row) => {
    const distances = Array.from({ length: rows }, (_, other) =>
      other === row
        ? Number.POSITIVE_INFINITY
        : Math.hypot(places[2 * row]! - places[2 * other]!, places[2 * row + 1]! - places[2 * other + 1]!),
    );
    const nearest = distances.indexOf(Math.min(...distances));
    return nearest % count === row % count ? 1 : 0;
  });
  return pure.reduce((sum: number, value) => sum + value, 0) / rows;
}

test("clouds that overlap in the first two directions come apart", async () => {
  const [rows, count] = [240, 8];
  const vectors = clouds(rows, count, 0.25);
  const layout = await layoutOf(vectors);
  const start = layout.places();
  expect([layout.epoch, layout.epochs]).toEqual([0, layoutEpochs(rows)]);
  layout.advance(Number.POSITIVE_INFINITY);
  expect(layout.epoch).toBe(layout.epochs);
  const end = layout.places();
  expect(end.every(Number.isFinite)).toBe(true);
  expect(purity(end, count)).toBeGreaterThan(0.98);
  expect(purity(end, count)).toBeGreaterThan(purity(start, count));
}, 30_000);

test("is the same every time, however many steps it is made in", async () => {
  const vectors = clouds(60, 3, 0.5);
  const [once, inSteps] = [await layoutOf(vectors), await layoutOf(vectors)];
  once.advance(30);
  for (const epoch of [1, 2, 17, 5, 30]) inSteps.advance(epoch);
  expect(inSteps.places()).toEqual(once.places());
});

test("equal vectors get places of their own", async () => {
  const layout = await layoutOf(new Float32Array(40 * width).fill(1));
  layout.advance(20);
  const places = layout.places();
  expect(places.every(Number.isFinite)).toBe(true);
  expect(new Set(Array.from({ length: 40 }, (_, row) => `${places[2 * row]} ${places[2 * row + 1]}`)).size).toBe(40);
});

test("a few vectors have no neighbourhoods, and many are arranged for fewer epochs", () => {
  expect([0, 7, 8, 2500, 2501, 7500, 10_000, 100_000].map(layoutEpochs)).toEqual([0, 0, 500, 500, 400, 300, 200, 200]);
});
