// Where an axis has its numbers: at round values, evenly or by powers of ten.

/** Round values within these, four or so. */
export function roundTicks(least: number, most: number): number[] {
  if (!(most > least)) return [];
  const rough = (most - least) / 4;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = size * ([1, 2, 5, 10].find((factor) => factor * size >= rough) ?? 10);
  const first = Math.ceil(least / step);
  return Array.from({ length: Math.floor(most / step) - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}

/** For a logarithmic axis: powers of ten, of a shorter range also twice and five times each, of a short one as above. */
export function logTicks(least: number, most: number): number[] {
  if (!(least > 0) || !(most > least)) return [];
  const decades = Math.log10(most) - Math.log10(least);
  if (decades < 0.7) return roundTicks(least, most);
  const factors = decades > 1.6 ? [1] : [1, 2, 5];
  const apart = Math.ceil(decades / 8);
  const first = Math.floor(Math.log10(least));
  return Array.from({ length: Math.ceil(decades) + 2 }, (_, index) => first + index)
    .filter((power) => power % apart === 0)
    .flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)))
    .filter((value) => value >= least && value <= most);
}
