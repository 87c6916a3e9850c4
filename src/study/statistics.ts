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

/**
 * How often a mean difference at least as far from zero comes out where there is none (Student's paired test, two-sided);
 * 1 for a single pair.
 */
export function pairedSignificance({ mean, deviation, count }: Estimate): number {
  if (deviation === null || mean === 0) return 1;
  return 1 - studentCentre((Math.abs(mean) * Math.sqrt(count)) / deviation, count - 1);
}

/**
 * The probability of Student's t between -t and t, by its finite sums for whole degrees of freedom
 * [Abramowitz & Stegun, 26.7.3 and 26.7.4].
 */
function studentCentre(t: number, degreesOfFreedom: number): number {
  const angle = Math.atan(t / Math.sqrt(degreesOfFreedom));
  const isOdd = degreesOfFreedom % 2 === 1;
  const square = Math.cos(angle) ** 2;
  let term = isOdd ? Math.cos(angle) : 1;
  let sum = 0;
  // The powers of the cosine go up to that of the degrees of freedom less two.
  for (let power = isOdd ? 1 : 0; power <= degreesOfFreedom - 2; power += 2) {
    sum += term;
    term *= (square * (power + 1)) / (power + 2);
  }
  return isOdd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}

/** Those whose differences stand at a level that holds for all of them together [Holm, 1979]. */
export function holmRejects<Item>(items: readonly Item[], significance: (item: Item) => number, level: number): Item[] {
  const ordered = [...items].sort((a, b) => significance(a) - significance(b));
  const first = ordered.findIndex((item, place) => significance(item) > level / (ordered.length - place));
  return first === -1 ? ordered : ordered.slice(0, first);
}
