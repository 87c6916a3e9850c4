// What properties range over: shapes, axes, and values of tensors drawn from a seed.
import fc from "fast-check";
import { type Shape, sizeOf } from "#src/graph/index.js";
import { type Dense, dense, type ElementType, range } from "./dense.js";

export interface ShapeLimits {
  readonly minRank?: number;
  readonly maxRank?: number;
  readonly maxSize?: number;
}

export function shapes({ minRank = 0, maxRank = 4, maxSize = 4 }: ShapeLimits = {}): fc.Arbitrary<number[]> {
  return fc.array(fc.integer({ min: 1, max: maxSize }), { minLength: minRank, maxLength: maxRank });
}

/** A shape with one of its axes, counted from the front or from the back. */
export function shapeWithAxis(limits: ShapeLimits = {}): fc.Arbitrary<{ shape: number[]; axis: number }> {
  return shapes({ minRank: 1, ...limits }).chain((shape) =>
    fc.record({ shape: fc.constant(shape), axis: fc.integer({ min: -shape.length, max: shape.length - 1 }) }),
  );
}

/** Shapes that broadcast together: each has lost some leading axes of a common one, and has 1 for some of the rest. */
export function broadcastable(count: number, limits: ShapeLimits = { maxRank: 3 }): fc.Arbitrary<number[][]> {
  return shapes(limits).chain((full) =>
    fc.array(
      fc
        .record({
          drop: fc.integer({ min: 0, max: full.length }),
          ones: fc.array(fc.boolean(), { minLength: full.length, maxLength: full.length }),
        })
        .map(({ drop, ones }) => full.map((size, axis) => (ones[axis] ? 1 : size)).slice(drop)),
      { minLength: count, maxLength: count },
    ),
  );
}

export function permutations(length: number): fc.Arbitrary<number[]> {
  return fc.shuffledSubarray(range(length), { minLength: length, maxLength: length });
}

/** Values drawn in a fixed order from a seed, all exact in float32. */
export class Values {
  constructor(private state: number) {}

  /** Uniform on [0, 1) (Marsaglia's xorshift). */
  uniform(): number {
    let state = this.state | 1;
    for (let round = 0; round < 2; round++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
    }
    this.state = state + 0x9e3779b9;
    return (state >>> 0) / 2 ** 32;
  }

  floats(shape: Shape, from = -2, to = 2): Dense {
    return this.#fill(shape, "float", () => Math.fround(from + (to - from) * this.uniform()));
  }

  /** Values at odd multiples of 1/64, so that no comparison with one of `evenGrid` or with 0 is close. */
  oddGrid(shape: Shape): Dense {
    return this.#fill(shape, "float", () => (2 * this.#below(128) - 127) / 64);
  }

  evenGrid(shape: Shape): Dense {
    return this.#fill(shape, "float", () => (2 * this.#below(128) - 128) / 64);
  }

  /** No two values are equal or close. */
  distinct(shape: Shape): Dense {
    const order = this.permutation(sizeOf(shape)).data;
    return dense(
      shape,
      order.map((rank) => (rank - sizeOf(shape) / 2) / 16),
    );
  }

  /** Whole numbers in [from, to). */
  integers(shape: Shape, from: number, to: number, type: ElementType = "int32"): Dense {
    return this.#fill(shape, type, () => from + this.#below(to - from));
  }

  booleans(shape: Shape): Dense {
    return this.#fill(shape, "bool", () => this.#below(2));
  }

  permutation(length: number, type: ElementType = "int32"): Dense {
    const order = range(length);
    for (let last = length - 1; last > 0; last--) {
      const other = this.#below(last + 1);
      [order[last], order[other]] = [order[other]!, order[last]!];
    }
    return dense([length], order, type);
  }

  #below(limit: number): number {
    return Math.floor(this.uniform() * limit);
  }

  #fill(shape: Shape, type: ElementType, value: () => number): Dense {
    return dense(shape, Array.from({ length: sizeOf(shape) }, value), type);
  }
}
