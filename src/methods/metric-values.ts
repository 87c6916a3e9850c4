// The metrics of a step, or their means over some steps, and how they are written in sentences.

/** By the names that `metrics.jsonl` has for them; lists where there is one for each block. */
export type MetricValues = Readonly<Record<string, number | readonly number[]>>;

/** Of steps with the same metrics: the mean of each. */
export function meanOf(steps: readonly MetricValues[]): MetricValues {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const entries = Object.entries(steps.at(-1) ?? {}).map(([name, value]) => {
    const column = steps.map((step) => step[name]).filter((each) => each !== undefined);
    if (typeof value === "number") return [name, mean(column.filter((each) => typeof each === "number"))] as const;
    const lists = column.filter((each) => typeof each !== "number" && each.length === value.length);
    return [name, value.map((_, place) => mean(lists.map((each) => (each as readonly number[])[place]!)))] as const;
  });
  return Object.fromEntries(entries);
}

/** Three digits, or "unknown". */
export function metricText(value: MetricValues[string] | undefined): string {
  return typeof value === "number" ? String(Number(value.toPrecision(3))) : "unknown";
}

/** A metric by block is a plain number where there is one block. */
export function listOf(value: MetricValues[string] | undefined): readonly number[] {
  return value === undefined ? [] : typeof value === "number" ? [value] : value;
}

/** "40%" */
export function percentText(share: number): string {
  return `${Math.round(100 * share)}%`;
}
