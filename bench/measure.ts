// What is quoted of repeated measurements on a machine that others use too.

/** What a typical repetition takes. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * How near `values` come to a limit that was measured beside them, by the fastest repetition of each: what disturbs the
 * machine only ever adds, and it adds more to the sum of many short measurements than to a long one.
 */
export function shareOfLimit(values: readonly number[], limit: readonly number[]): number {
  return Math.min(...limit) / Math.min(...values);
}
