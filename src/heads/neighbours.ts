// Exact nearest neighbours by cosine similarity: blocks of vectors in the engine, the best of all blocks on the host.

import { type Engine, EngineError, openEngine } from "../engine/index.js";
import { defineProgram, input, type Program } from "../graph/index.js";
import { BestMatches } from "./best-matches.js";
import { mostNeighbours } from "./limits.js";

/** Vectors that are searched, in memory or on disk. */
export interface VectorSource {
  readonly count: number;
  readonly width: number;
  /** Copies vectors `first` up to `first + count` to the start of `into`. */
  read(first: number, count: number, into: Float32Array): void;
}

/** Row by row, one for each query; the nearest first, and of equally near ones that with the lower index. */
export interface Neighbours {
  /** How many a query has. */
  readonly k: number;
  readonly indices: Int32Array;
  readonly similarities: Float32Array;
}

/** How many neighbours are found, and where that runs. */
export interface SearchOptions {
  /** How many to find for each query, up to 1,000; fewer are found where there are fewer vectors. */
  readonly k: number;
  readonly engine?: Engine;
  /** The most vectors in one block, and the most queries that meet it at once. */
  readonly blockSize?: number;
  readonly queriesAtOnce?: number;
  /** Called after each block with the vectors searched so far. */
  readonly onProgress?: (done: number, count: number) => void;
}

/** Vectors [count, width] that are in memory. */
export function vectorsInMemory(data: Float32Array, width: number): VectorSource {
  return {
    count: data.length / width,
    width,
    read: (first, count, into) => into.set(data.subarray(first * width, (first + count) * width)),
  };
}

/** A search that is compiled once for banks and queries of given numbers, and can be repeated with other vectors. */
export interface NeighbourSearch {
  /** Throws RangeError where there are more vectors or queries than it was made for. */
  find(bank: VectorSource, queries: Float32Array): Promise<Neighbours>;
}

/** Beside the vectors, memory holds one block and the matches found so far. A vector of zeros is similar to none: 0. */
export async function findNeighbours(
  bank: VectorSource,
  queries: Float32Array,
  options: SearchOptions,
): Promise<Neighbours> {
  const { width, count } = bank;
  const search = await createNeighbourSearch({ count, width, queryCount: queries.length / width }, options);
  return search.find(bank, queries);
}

/** Prepares to search up to `count` vectors [count, width] for up to `queryCount` queries. Throws EngineError. */
export async function createNeighbourSearch(
  { count, width, queryCount }: { readonly count: number; readonly width: number; readonly queryCount: number },
  options: SearchOptions,
): Promise<NeighbourSearch> {
  const { engine = openEngine(), blockSize = 8192, queriesAtOnce = 256, onProgress = () => {} } = options;
  if (!(Number.isInteger(options.k) && options.k >= 1 && options.k <= mostNeighbours)) {
    throw new EngineError(
      `a search expected to find from 1 to ${mostNeighbours} neighbours of each query; found ${options.k}. Ask for fewer`,
    );
  }
  const most = Math.min(options.k, count);
  const rows = Math.max(most, Math.min(blockSize, count));
  const together = Math.max(1, Math.min(queriesAtOnce, queryCount));
  const scaleProgram = await engine.compile(normalizeProgram(rows, width));
  const matchProgram = await engine.compile(matchesProgram(together, rows, width, most));

  const raw = new Float32Array(rows * width);
  const block = new Float32Array(rows * width);
  const absent = new Float32Array(rows);
  const chunk = new Float32Array(together * width);
  const found = { similarities: new Float32Array(together * most), places: new Int32Array(together * most) };
  const scale = scaleProgram.bind({ vectors: raw }, { normalized: block });
  const match = matchProgram.bind({ queries: chunk, block, absent }, found);

  async function find(bank: VectorSource, queries: Float32Array): Promise<Neighbours> {
    const asked = queries.length / width;
    if (bank.count > count || asked > queryCount) {
      throw new RangeError(
        `a search of ${count} vectors for ${queryCount} queries was given ${bank.count} and ${asked}`,
      );
    }
    const k = Math.min(most, bank.count);
    const directions = normalizedRows(queries, width);
    const best = new BestMatches(asked, k);
    for (let first = 0; first < bank.count; first += rows) {
      const present = Math.min(rows, bank.count - first);
      bank.read(first, present, raw);
      absent.fill(0, 0, present).fill(Number.NEGATIVE_INFINITY, present);
      await scale.run();
      for (let query = 0; query < asked; query += together) {
        const part = directions.subarray(query * width, (query + together) * width);
        chunk.set(part);
        await match.run();
        for (let row = 0; row < part.length / width; row++) {
          const from = row * most;
          best.offer(query + row, found.similarities, found.places, from, from + most, first);
        }
      }
      onProgress(first + present, bank.count);
    }
    return { k, ...best.sorted() };
  }
  return { find };
}

/** Vectors [rows, width] divided by their lengths. */
function normalizeProgram(rows: number, width: number): Program {
  const vectors = input("vectors", [rows, width]);
  const length = vectors.mul(vectors).sum([1], { keepDims: true }).sqrt().maximum(SHORTEST);
  return defineProgram("normalize", { normalized: vectors.div(length) });
}

/** The k vectors of a block that are most similar to each query, in no particular order; `absent` is -Infinity for gaps. */
function matchesProgram(queries: number, rows: number, width: number, k: number): Program {
  const block = input("block", [rows, width]);
  const { values, indices } = input("queries", [queries, width])
    .linear(block, input("absent", [rows]))
    .topK(k);
  return defineProgram("matches", { similarities: values, places: indices.cast("int32") });
}

const SHORTEST = 1e-12;

/** Vectors [rows, width] of length 1; one of zeros stays one. */
export function normalizedRows(vectors: Float32Array, width: number): Float32Array {
  const result = new Float32Array(vectors.length);
  for (let start = 0; start < vectors.length; start += width) {
    const vector = vectors.subarray(start, start + width);
    const length = Math.max(SHORTEST, Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)));
    for (let i = 0; i < width; i++) result[start + i] = vector[i]! / length;
  }
  return result;
}
