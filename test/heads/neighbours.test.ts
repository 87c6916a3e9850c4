// Exact search against a direct computation, across blocks, queries and ties.

import { expect, test } from "vitest";
import { openEngine } from "#src/engine/index.js";
import { createNeighbourSearch, findNeighbours, vectorsInMemory } from "#src/heads/neighbours.js";
import { randomValues } from "../nn/evaluate.js";

const engine = openEngine({ threads: 1 });

/** Rows sorted by similarity in float64. */
function directly(bank: Float32Array, query: Float32Array, width: number): { index: number; similarity: number }[] {
  const length = (v: Float32Array) => Math.sqrt(v.reduce((sum, value) => sum + value * value, 0));
  return Array.from({ length: bank.length / width }, (_, index) => {
    const row = bank.subarray(index * width, (index + 1) * width);
    const product = row.reduce((sum, value, i) => sum + value * query[i]!, 0);
    return { index, similarity: product / (length(row) * length(query)) };
  }).sort((a, b) => b.similarity - a.similarity || a.index - b.index);
}

test.each([
  [1, 1, 8192, 256],
  [7, 3, 5, 2],
  [250, 9, 64, 4],
  [250, 9, 250, 256],
  [129, 1, 64, 1],
])("finds the nearest of %i vectors for %i queries in blocks of %i and %i", async (count, queryCount, blockSize, queriesAtOnce) => {
  const width = 12;
  const bank = randomValues("bank", count * width);
  const queries = randomValues("queries", queryCount * width, 2);
  const options = { k: 10, blockSize, queriesAtOnce, engine };
  const { k, indices, similarities } = await findNeighbours(vectorsInMemory(bank, width), queries, options);
  expect(k).toBe(Math.min(10, count));
  for (let query = 0; query < queryCount; query++) {
    const wanted = directly(bank, queries.subarray(query * width, (query + 1) * width), width).slice(0, k);
    expect([...indices.subarray(query * k, (query + 1) * k)]).toEqual(wanted.map(({ index }) => index));
    for (const [rank, { similarity }] of wanted.entries()) {
      expect(similarities[query * k + rank]).toBeCloseTo(similarity, 5);
    }
  }
});

test("finds a vector itself whatever its length, and likes zeros as little as anything at right angles", async () => {
  const bank = Float32Array.from([3, 0, 0, 0, 0, 1e-3, 0, -2]);
  const { indices, similarities } = await findNeighbours(vectorsInMemory(bank, 2), Float32Array.from([0, 5]), {
    k: 4,
    engine,
  });
  expect([...indices]).toEqual([2, 0, 1, 3]);
  expect([...similarities].map((value) => Math.round(value))).toEqual([1, 0, 0, -1]);
});

test("equal vectors come in their order", async () => {
  const bank = new Float32Array(40).fill(1);
  const found = await findNeighbours(vectorsInMemory(bank, 2), Float32Array.of(1, 1), { k: 20, blockSize: 7, engine });
  expect([...found.indices]).toEqual(Array.from({ length: 20 }, (_, index) => index));
});

test("a prepared search repeats itself with other vectors, and with fewer", async () => {
  const width = 6;
  const options = { k: 5, blockSize: 16, queriesAtOnce: 4, engine };
  const search = await createNeighbourSearch({ count: 50, width, queryCount: 10 }, options);
  for (const [seed, count, queryCount] of [
    [1, 50, 10],
    [2, 50, 10],
    [3, 21, 3],
    [4, 3, 1],
    [5, 50, 9],
  ] as const) {
    const bank = vectorsInMemory(randomValues("bank", count * width, seed), width);
    const queries = randomValues("queries", queryCount * width, seed);
    const [found, wanted] = [await search.find(bank, queries), await findNeighbours(bank, queries, options)];
    expect([found.k, found.indices]).toEqual([wanted.k, wanted.indices]);
    for (const [place, similarity] of wanted.similarities.entries()) {
      expect(found.similarities[place]).toBeCloseTo(similarity, 5);
    }
  }
  const tooMany = vectorsInMemory(new Float32Array(51 * width), width);
  await expect(search.find(tooMany, new Float32Array(width))).rejects.toThrow(/50 vectors for 10 queries was given 51/);
});

test.each([0, -1, 1.5, Number.NaN, 1001, 1e12])("%d neighbours are refused before memory is taken", async (k) => {
  const found = findNeighbours(vectorsInMemory(new Float32Array(8), 2), Float32Array.of(1, 1), { k, engine });
  await expect(found).rejects.toThrow(`a search expected to find from 1 to 1000 neighbours of each query; found ${k}`);
});
