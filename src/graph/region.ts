// Parts of a program whose values a gradient may have computed a second time, in place of keeping them in memory.

/** Marks the nodes that belong together; nothing but its identity counts. */
export type Region = symbol;

let current: Region | undefined;

/**
 * Builds a part of a program as one region: `gradients` with `recompute` then keeps of it only what enters and leaves.
 * Within a region, another one is a part of the first. It changes no value.
 */
export function recomputable<Result>(build: () => Result): Result {
  if (current !== undefined) return build();
  current = Symbol("region");
  try {
    return build();
  } finally {
    current = undefined;
  }
}

/** The region that is being built. */
export function currentRegion(): Region | undefined {
  return current;
}
