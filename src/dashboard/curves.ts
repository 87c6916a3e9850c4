// Curves short enough for a page: steps in buckets, of each the mean, and the least and the most, so that no spike is lost.

import type { Curves, Series } from "./api.js";
import type { Column, MetricsTable } from "./metrics-table.js";

export interface CurveRequest {
  /** Buckets at most. */
  readonly points: number;
  /** Steps from and to which, both included. */
  readonly from?: number;
  readonly to?: number;
}

export function curvesOf(
  table: MetricsTable,
  batchSize: number | null,
  { points, from = 0, to = Number.POSITIVE_INFINITY }: CurveRequest,
): Curves {
  const { steps, seconds, columns } = table;
  const begin = firstAtLeast(steps, from);
  const end = firstAtLeast(steps, to + 1);
  const size = Math.max(1, Math.ceil((end - begin) / points));
  const edges: number[] = [];
  for (let edge = begin; edge < end; edge += size) edges.push(edge);
  const lastOf = (edge: number) => Math.min(edge + size, end) - 1;
  return {
    step: edges.map((edge) => steps[lastOf(edge)]!),
    seconds: edges.map((edge) => rounded(seconds[lastOf(edge)]!)!),
    batchSize,
    series: columns.map((column) => seriesOf(column, edges, size, end)),
  };
}

function seriesOf({ metric, block, values }: Column, edges: readonly number[], size: number, end: number): Series {
  const mean: (number | null)[] = [];
  const low: (number | null)[] = [];
  const high: (number | null)[] = [];
  for (const edge of edges) {
    let [sum, count, least, most] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let row = edge; row < Math.min(edge + size, end); row++) {
      const value = values[row]!;
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
      if (value < least) least = value;
      if (value > most) most = value;
    }
    mean.push(count === 0 ? null : rounded(sum / count));
    low.push(count === 0 ? null : rounded(least));
    high.push(count === 0 ? null : rounded(most));
  }
  return { metric, block, mean, ...(size === 1 ? { low: null, high: null } : { low, high }) };
}

/** The first place in ascending values whose value is at least this. */
function firstAtLeast(ascending: Float64Array, value: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Six digits: more than a screen shows. */
function rounded(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(6)) : null;
}
