// Means, deviations and paired differences of a few seeds.

export interface Estimate {
  readonly mean: number;
  /** Of single values, with n - 1; null for a single one. */
  readonly deviation: number | null;
  readonly count: number;
}

export function estimate(values: readonly number[]): Estimate {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: count > 1 ? Math.sqrt(squares / (count - 1)) : null, count };
}

export interface PairedDifference extends Estimate {
  /** Half the width of the 95% confidence interval of the mean difference (Student's t); null for a single pair. */
  readonly margin: number | null;
}

/** How much `values` lie above `baseline`, pair by pair. */
export function pairedDifference(values: readonly number[], baseline: readonly number[]): PairedDifference {
  if (values.length !== baseline.length)
    throw new RangeError(`${values.length} values, ${baseline.length} of the baseline`);
  const found = estimate(values.map((value, index) => value - baseline[index]!));
  const { deviation, count } = found;
  const margin = deviation === null ? null : (studentQuantile(count - 1) * deviation) / Math.sqrt(count);
  return { ...found, margin };
}

/** 97.5% quantiles of Student's t for 1 to 30 degrees of freedom. */
const QUANTILES = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
] as const;

export function studentQuantile(degreesOfFreedom: number): number {
  // Beyond the table, the first terms of the expansion around the normal distribution's quantile are near enough.
  const normal = 1.959964;
  return QUANTILES[degreesOfFreedom - 1] ?? normal + (normal ** 3 + normal) / (4 * degreesOfFreedom);
}
