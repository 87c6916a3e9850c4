// One evaluation in the report: a table, differences to the baseline, and a picture.

import { dotChart } from "../pictures/dot-chart.js";
import { lineChart, type Series } from "../pictures/line-chart.js";
import { formatCount } from "../terminal/quantities.js";
import { shownScore } from "./job-record.js";
import { table } from "./markdown.js";
import { fileName, shareText } from "./names.js";
import { differenceOf, differenceText, type EvaluationScores, meanText, shownScores, TWO_SEEDS } from "./scores.js";
import { estimate } from "./statistics.js";

/** Of `expected` evaluations. Adds its picture to `pictures`; no lines where nothing has been evaluated yet. */
export function evaluationSection(
  scores: EvaluationScores,
  baseline: string,
  expected: number,
  pictures: Map<string, string>,
): string[] {
  const { evaluation, name, measure, variants, fractions, at, finished, seeds } = scores;
  if (finished === 0) return [];
  const { task } = evaluation;
  const [first] = at(variants[0]!, fractions[0]!);
  const title = (fraction: number) => {
    const [any] = variants.flatMap((variant) => at(variant, fraction));
    return any!.trainImages === 0 ? measure.name : `${shareText(fraction)} (${formatCount(any!.trainImages)}) labels`;
  };
  const picture = `${task}-${fileName(name)}.svg`;
  const isCurve = fractions.length > 1;
  pictures.set(picture, isCurve ? efficiencyChart(scores) : comparisonChart(scores, baseline));
  const images = first === undefined ? "" : ` on ${formatCount(first.testImages)} test images`;
  const over = seeds === 1 ? "one seed" : `mean and deviation over ${seeds} seeds`;
  const guessing = first?.chance === undefined ? "" : ` Guessing gives ${shownScore(task, first.chance)}.`;
  return [
    `## ${name}`,
    "",
    `${capitalised(measure.name)}${images}${measure.unit}; ${over}.${guessing}`,
    ...(finished < expected ? [`**Not finished: ${finished} of ${expected} evaluations.**`] : []),
    "",
    ...table(
      ["encoder", ...fractions.map(title)],
      variants.map((variant) => [variant, ...fractions.map((fraction) => meanText(at(variant, fraction)))]),
    ),
    "",
    ...differences(scores, baseline),
    `![${name}: ${measure.name} ${isCurve ? "by labels" : "of each encoder"}](${picture})`,
    "",
  ];
}

const CAUTION = `*${capitalised(TWO_SEEDS)}.* Their interval rests on how far two differences are apart, which chance makes small at times.`;

/** How far each lies above the baseline, seed by seed. */
function differences(scores: EvaluationScores, baseline: string): string[] {
  const { variants, fractions } = scores;
  const others = variants.filter((variant) => variant !== baseline);
  if (others.length === 0 || !variants.includes(baseline)) return [];
  let fromTwo = false;
  const cell = (variant: string, fraction: number) => {
    const difference = differenceOf(scores, variant, baseline, fraction);
    if (difference?.count === 2) fromTwo = true;
    return difference === undefined ? "" : differenceText(scores, difference);
  };
  const rows = others.map((variant) => [variant, ...fractions.map((fraction) => cell(variant, fraction))]);
  return [
    `Above *${baseline}*, paired by seed, with the 95% confidence interval of the mean (Student's t):`,
    "",
    ...table(
      ["encoder", ...fractions.map((fraction) => (fractions.length > 1 ? shareText(fraction) : "difference"))],
      rows,
    ),
    "",
    ...(fromTwo ? [CAUTION, ""] : []),
  ];
}

function efficiencyChart({ name: title, measure, variants, fractions, at }: EvaluationScores): string {
  const series: Series[] = variants.map((variant) => ({
    name: variant,
    points: fractions.flatMap((fraction) => {
      const records = at(variant, fraction);
      if (records.length === 0) return [];
      const { mean, deviation } = estimate(shownScores(records));
      return [{ x: 100 * fraction, y: mean, error: deviation }];
    }),
  }));
  return lineChart({
    title,
    xLabel: "share of the labels",
    yLabel: `${measure.name}${measure.unit}`,
    logX: true,
    xTicks: fractions.map((fraction) => ({ at: 100 * fraction, text: shareText(fraction) })),
    series,
  });
}

function comparisonChart(
  { name: title, measure, variants, fractions, at }: EvaluationScores,
  baseline: string,
): string {
  const rows = variants.map((variant) => {
    const values = shownScores(at(variant, fractions[0]!));
    return { name: variant, values, ...estimate(values) };
  });
  const level = rows.find(({ name }) => name === baseline);
  return dotChart({
    title,
    xLabel: `${measure.name}${measure.unit}`,
    rows,
    ...(level && { level: level.mean }),
  });
}

function capitalised(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1);
}
