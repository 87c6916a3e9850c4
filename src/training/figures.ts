// Figures of steps as metrics.jsonl has them, and their means.

export type Figures = Readonly<Record<string, number | readonly number[]>>;

/** Over the steps that have a figure; of those in the last step, as some are not there in every one. */
export function meanOf(steps: readonly Figures[]): Figures {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const entries = Object.entries(steps.at(-1) ?? {}).map(([name, value]) => {
    const column = steps.map((step) => step[name]).filter((each) => each !== undefined);
    if (typeof value === "number") return [name, mean(column.filter((each) => typeof each === "number"))] as const;
    const lists = column.filter((each) => typeof each !== "number" && each.length === value.length);
    return [name, value.map((_, place) => mean(lists.map((each) => (each as readonly number[])[place]!)))] as const;
  });
  return Object.fromEntries(entries);
}
