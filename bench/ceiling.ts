// How fast the engine multiplies matrices when it does nothing else: the ceiling of a step, on the step's own shapes.
import { defineProgram, input, matrixProducts, type ProductSizes, type Program } from "#src/graph/index.js";
import { type Binding, compile } from "#src/runtime/index.js";
import { median } from "./measure.js";

interface Product {
  readonly sizes: ProductSizes;
  readonly count: number;
  readonly binding: Binding;
}

/** The raw products of a program, each distinct size once with its count, ready to be timed. */
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
  for (const { sizes, count } of counts.values()) products.push({ sizes, count, binding: await bind(sizes, threads) });

  /** Milliseconds that all products of one run take: the median of a few repetitions of each, times its count. */
  return async () => {
    let total = 0;
    for (const { binding, count } of products) {
      const times: number[] = [];
      for (let repetition = 0; repetition < 7; repetition++) {
        const began = performance.now();
        await binding.run();
        times.push(performance.now() - began);
      }
      total += count * median(times.slice(2));
    }
    return total;
  };
}

async function bind({ batch, m, k, n }: ProductSizes, threads: number): Promise<Binding> {
  const lead = batch === 1 ? [] : [batch];
  const product = input("a", [...lead, m, k]).matmul(input("b", [...lead, k, n]));
  const executable = await compile(defineProgram("product", { product }), { threads });
  const filled = (length: number) => new Float32Array(length).fill(0.5);
  return executable.bind({ a: filled(batch * m * k), b: filled(batch * k * n) }, { product: filled(batch * m * n) });
}
