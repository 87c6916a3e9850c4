// Curves as charts draw them: on one axis, smoothed, and joined where runs have other steps.

import type { Curves, Series } from "../api.js";

export type XAxis = "step" | "images" | "time";

/** A curve of one run, its points in order. */
export interface Line {
  /** Empty where a chart has no other line. */
  readonly label: string;
  /** Which colour and dash it has. */
  readonly place: number;
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
  readonly low: readonly (number | null)[] | null;
  readonly high: readonly (number | null)[] | null;
}

export function xOf({ step, seconds, batchSize }: Curves, axis: XAxis): readonly number[] {
  if (axis === "time") return seconds;
  return axis === "images" ? step.map((each) => each * (batchSize ?? 1)) : step;
}

/** The steps that a range of an axis stands for. */
export function stepsWithin(curves: Curves, axis: XAxis, [least, most]: readonly [number, number]) {
  const x = xOf(curves, axis);
  const inside = curves.step.filter((_, index) => x[index]! >= least && x[index]! <= most);
  const before = curves.step.findLast((_, index) => x[index]! < least) ?? 0;
  const after = curves.step.find((_, index) => x[index]! > most);
  return { from: before, to: after ?? inside.at(-1) ?? curves.step.at(-1) ?? 0 };
}

/**
 * The exponential moving average with this weight for what came before, corrected for its start as Adam's moments are.
 * Missing values stay missing.
 */
export function smoothed(values: readonly (number | null)[], weight: number): (number | null)[] {
  if (weight <= 0) return [...values];
  let sum = 0;
  let share = 0;
  return values.map((value) => {
    if (value === null) return null;
    sum = weight * sum + (1 - weight) * value;
    share = weight * share + (1 - weight);
    return sum / share;
  });
}

/** A metric of a run; of one with a value for each block the mean over them. */
export function meanSeries(curves: Curves, metric: string): Series | undefined {
  const own = curves.series.filter((each) => each.metric === metric);
  if (own.length <= 1) return own[0];
  const mean = own[0]!.mean.map((_, index) => {
    const values = own.flatMap((each) => each.mean[index] ?? []);
    return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  });
  return { metric, block: null, mean, low: null, high: null };
}

/** All values of x in order, and each list of values at them; null where it has none. */
export function joined(
  tables: readonly { readonly x: readonly number[]; readonly columns: readonly (readonly (number | null)[])[] }[],
): [number[], ...(number | null)[][]] {
  const all = [...new Set(tables.flatMap(({ x }) => x))].sort((a, b) => a - b);
  const place = new Map(all.map((x, index) => [x, index]));
  const columns = tables.flatMap((table) =>
    table.columns.map((values) => {
      const column = new Array<number | null>(all.length).fill(null);
      for (const [index, x] of table.x.entries()) column[place.get(x)!] = values[index] ?? null;
      return column;
    }),
  );
  return [all, ...columns];
}

/** The place of the x that is nearest; -1 where there is none. */
export function nearest(x: readonly number[], wanted: number): number {
  if (x.length === 0) return -1;
  let [low, high] = [0, x.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low > 0 && wanted - x[low - 1]! < x[low]! - wanted ? low - 1 : low;
}

/** Of those that are shown first to those that few look at. */
const LAST = ["teacherTemperature", "lr", "gradientNorm", "imagesPerSecond", "stepSeconds", "dataWaitSeconds"];
const HIDDEN = ["epoch"];

export interface MetricGroups {
  /** What is learnt. */
  readonly learning: readonly string[];
  /** How it is learnt, and how fast. */
  readonly machine: readonly string[];
}

export function metricsOf(curves: readonly Curves[]): MetricGroups {
  const all = new Set(curves.flatMap(({ series }) => series.map(({ metric }) => metric)));
  // What is kept beside the metrics of a step, such as the running means of batch normalisation, is no curve to look at.
  const shown = [...all].filter((metric) => !HIDDEN.includes(metric) && !metric.includes("."));
  return {
    learning: shown.filter((metric) => !LAST.includes(metric)),
    machine: LAST.filter((metric) => shown.includes(metric)),
  };
}
