// The report of a study: a Markdown page and pictures, from the files of its folder and from nothing else.

import { join } from "node:path";
import { EvaluationError } from "../evaluation/errors.js";
import { writeAtomically } from "../training/atomic-write.js";
import { formatCount, formatDuration, formatRate } from "../training/quantities.js";
import { type EvaluationRecord, scoreName } from "./job-record.js";
import { fractionsOf } from "./jobs.js";
import { learningCharts } from "./learning-charts.js";
import { lineChart, type Series } from "./line-chart.js";
import type { Evaluation, StudyRecipe } from "./recipe.js";
import { readRecipeCopy } from "./recipe-copy.js";
import { type PretrainResult, readResults, type StudyResults } from "./results.js";
import { estimate, pairedDifference } from "./statistics.js";

export interface ReportFiles {
  /** The page, and the pictures that it shows. */
  readonly page: string;
  readonly pictures: readonly string[];
  /** Whether jobs of the recipe are missing, so that the page says so. */
  readonly finished: number;
}

/** Writes report.md and .svg pictures into the folder. Throws EvaluationError where it holds no study. */
export async function writeStudyReport(folder: string): Promise<ReportFiles> {
  const recipe = readRecipeCopy(folder);
  if (recipe === undefined) {
    throw new EvaluationError({
      expected: `the folder of a study, with a study.json`,
      found: `none in ${folder}`,
      remedy: "Run one first: mixedae study RECIPE.yaml --out FOLDER",
    });
  }
  const results = await readResults(folder);
  const pictures = new Map<string, string>();
  const lines = [
    `# ${recipe.title}`,
    "",
    ...(recipe.about === "" ? [] : [recipe.about.trim(), ""]),
    ...costSection(recipe, results.pretrainings),
    ...recipe.evaluations.flatMap((evaluation) => evaluationSection(recipe, evaluation, results, pictures)),
    ...learningSection(results.pretrainings, pictures),
    "Generated from the files beside this page by `mixedae study report`; no figure is typed by hand.",
    "",
  ];
  const page = join(folder, "report.md");
  for (const [name, svg] of pictures) await writeAtomically(join(folder, name), [Buffer.from(svg)]);
  await writeAtomically(page, [Buffer.from(lines.join("\n"))]);
  return {
    page,
    pictures: [...pictures.keys()].map((name) => join(folder, name)),
    finished: results.pretrainings.length + results.evaluations.length,
  };
}

function costSection(recipe: StudyRecipe, pretrainings: readonly PretrainResult[]): string[] {
  if (pretrainings.length === 0) return [];
  const rows = recipe.variants.flatMap(({ name }) => {
    const own = pretrainings.filter(({ variant }) => variant === name);
    if (own.length === 0) return [];
    const speeds = own.map(({ metrics }) => median(metrics.map(({ imagesPerSecond }) => imagesPerSecond as number)));
    return [
      [
        name,
        own[0]!.method,
        String(own.length),
        formatCount(own[0]!.images),
        `${(own[0]!.multiplyAdds / 1e6).toFixed(1)}`,
        formatRate(speeds.reduce((sum, speed) => sum + speed, 0) / speeds.length),
        formatDuration(own.reduce((sum, { seconds }) => sum + seconds, 0) / own.length),
      ],
    ];
  });
  return [
    "## Pre-training",
    "",
    ...table(
      ["encoder", "method", "seeds", "clean images", "million multiply-adds an image", "images/s", "time a seed"],
      rows,
    ),
    "",
    "Multiply-adds are those of the matrix products of a training step, forward and backward, counted from the program.",
    "Images a second are the median over the steps, on whatever else the machine did at the time.",
    "",
  ];
}

function evaluationSection(
  recipe: StudyRecipe,
  evaluation: Evaluation,
  { evaluations }: StudyResults,
  pictures: Map<string, string>,
): string[] {
  const { name, task } = evaluation;
  const labelFractions = fractionsOf(evaluation);
  const measure = scoreName(task);
  const own = evaluations.filter((each) => each.evaluation === name);
  if (own.length === 0) return [];
  const at = (variant: string, fraction: number) =>
    own.filter((each) => each.variant === variant && each.labelsFraction === fraction).sort((a, b) => a.seed - b.seed);
  const baseline = recipe.baseline ?? recipe.variants[0]!.name;
  const fractions = labelFractions.filter((fraction) => own.some((each) => each.labelsFraction === fraction));
  const shown = recipe.variants
    .map((variant) => variant.name)
    .filter((variant) => own.some((each) => each.variant === variant));
  const title = (fraction: number) => {
    const [first] = own.filter((each) => each.labelsFraction === fraction);
    return `${shareText(fraction)} (${formatCount(first!.trainImages)})`;
  };
  const expected = recipe.seeds.length * shown.length * labelFractions.length;
  const picture = `${task}-${fileName(name)}.svg`;
  if (fractions.length > 1) pictures.set(picture, efficiencyChart(name, measure, shown, fractions, at));

  return [
    `## ${name}`,
    "",
    `${capitalised(measure)} on ${formatCount(own[0]!.testImages)} test images, in percent; mean and deviation over ${recipe.seeds.length} seeds.`,
    ...(own.length < expected ? [`**Not finished: ${own.length} of ${expected} evaluations.**`] : []),
    "",
    ...table(
      ["encoder", ...fractions.map((fraction) => `${title(fraction)} labels`)],
      shown.map((variant) => [variant, ...fractions.map((fraction) => meanText(at(variant, fraction)))]),
    ),
    "",
    ...differences(shown, baseline, fractions, at),
    ...(fractions.length > 1 ? [`![${name}: accuracy by labels](${picture})`, ""] : []),
  ];
}

type Lookup = (variant: string, fraction: number) => readonly EvaluationRecord[];

/** How far each lies above the baseline, seed by seed. */
function differences(shown: readonly string[], baseline: string, fractions: readonly number[], at: Lookup): string[] {
  const others = shown.filter((variant) => variant !== baseline);
  if (others.length === 0 || !shown.includes(baseline)) return [];
  const cell = (variant: string, fraction: number) => {
    const [ours, theirs] = [at(variant, fraction), at(baseline, fraction)];
    const seeds = ours.map(({ seed }) => seed).filter((seed) => theirs.some((each) => each.seed === seed));
    if (seeds.length === 0) return "";
    const values = (records: readonly EvaluationRecord[]) =>
      seeds.map((seed) => 100 * records.find((each) => each.seed === seed)!.score);
    const { mean, margin } = pairedDifference(values(ours), values(theirs));
    return `${signed(mean)}${margin === null ? "" : ` ± ${margin.toFixed(1)}`}`;
  };
  return [
    `Points above *${baseline}*, paired by seed, with the 95% confidence interval of the mean (Student's t):`,
    "",
    ...table(
      ["encoder", ...fractions.map(shareText)],
      others.map((variant) => [variant, ...fractions.map((fraction) => cell(variant, fraction))]),
    ),
    "",
  ];
}

function efficiencyChart(
  name: string,
  measure: string,
  shown: readonly string[],
  fractions: readonly number[],
  at: Lookup,
): string {
  const series: Series[] = shown.map((variant) => ({
    name: variant,
    points: fractions.flatMap((fraction) => {
      const records = at(variant, fraction);
      if (records.length === 0) return [];
      const { mean, deviation } = estimate(records.map(({ score }) => 100 * score));
      return [{ x: 100 * fraction, y: mean, error: deviation }];
    }),
  }));
  return lineChart({
    title: name,
    xLabel: "share of the labels",
    yLabel: `${measure}, percent`,
    logX: true,
    xTicks: fractions.map((fraction) => ({ at: 100 * fraction, text: shareText(fraction) })),
    series,
  });
}

function learningSection(pretrainings: readonly PretrainResult[], pictures: Map<string, string>): string[] {
  const charts = pretrainings.flatMap((each) =>
    learningCharts(each).map(({ name, svg, caption }) => {
      const file = `${fileName(`${each.variant} ${each.seed} ${name}`)}.svg`;
      pictures.set(file, svg);
      return [`![${caption}](${file})`, ""];
    }),
  );
  return charts.length === 0 ? [] : ["## How recognition was learnt", "", ...charts.flat()];
}

function meanText(records: readonly EvaluationRecord[]): string {
  if (records.length === 0) return "";
  const { mean, deviation } = estimate(records.map(({ score }) => 100 * score));
  return `${mean.toFixed(1)}${deviation === null ? "" : ` ± ${deviation.toFixed(1)}`}`;
}

function capitalised(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1);
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;
}

function shareText(fraction: number): string {
  return `${Number((100 * fraction).toPrecision(3))}%`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)];
}

function fileName(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, "-");
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? 0 : sorted[Math.floor(sorted.length / 2)]!;
}
