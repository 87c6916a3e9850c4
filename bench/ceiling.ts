// How fast the engine multiplies matrices when it does nothing else: the ceiling of a step, on the step's own shapes.

import { type Binding, compile } from "#src/engine/index.js";
import { defineProgram, input, matrixProducts, type ProductSizes, type Program } from "#src/graph/index.js";

interface Product {
  readonly sizes: ProductSizes;
  readonly count: number;
  /** How often one run of the binding computes it. */
  readonly repeated: number;
  readonly binding: Binding;
}

/** The raw products of a program, each distinct size with its count, ready to be timed. */
export async function rawProducts(program: Program, threads: number): Promise<() => Promise<number>> {
  const counts = new Map<string, { sizes: ProductSizes; count: number }>();
  for (const sizes of matrixProducts(program)) {
    // Products with a vector are passes over memory, not work for a matrix kernel.
    if (Math.min(sizes.m, sizes.n) === 1) continue;
    const key = JSON.stringify(sizes);
    const entry = counts.get(key);
    counts.set(key, { sizes, count: (entry?.count ?? 0) + 1 });
  }
  const products: Product[] = [];
  for (const { sizes, count } of counts.values()) {
    const repeated = repetitions(sizes);
    products.push({ sizes, count, repeated, binding: await bind(sizes, repeated, threads) });
  }

  /** Milliseconds that all products of one run take: the fastest of a few repetitions of each, times its count. */
  return async () => {
    let total = 0;
    for (const { binding, count, repeated } of products) {
      const times: number[] = [];
      for (let repetition = 0; repetition < 5; repetition++) {
        const began = performance.now();
        await binding.run();
        times.push(performance.now() - began);
      }
      total += (count / repeated) * Math.min(...times);
    }
    return total;
  };
}

/** So many that a run takes some ten milliseconds. */
function repetitions({ batch, m, k, n }: ProductSizes): number {
  return Math.min(128, Math.max(4, Math.ceil(4e9 / (2 * batch * m * k * n))));
}

/**
 * Several equal products in one program: the engine's threads then stay awake from one to the next, as they do within a
 * step, and are not paid for anew at each run.
 */
async function bind({ batch, m, k, n }: ProductSizes, repeated: number, threads: number): Promise<Binding> {
  const lead = batch === 1 ? [] : [batch];
  const left = input("left", [...lead, m, k]);
  const rights = Array.from({ length: repeated }, (_, index) => input(`right${index}`, [...lead, k, n]));
  const products = rights.map((right, index) => [`product${index}`, left.matmul(right)] as const);
  const executable = await compile(defineProgram("products", Object.fromEntries(products)), { threads });
  const [a, b, c] = [m * k, k * n, m * n].map((size) => new Float32Array(batch * size).fill(0.5));
  return executable.bind(
    { left: a!, ...Object.fromEntries(rights.map((_, index) => [`right${index}`, b!])) },
    Object.fromEntries(products.map(([name]) => [name, c!])),
  );
}
