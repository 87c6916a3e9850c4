// The report of a study: a Markdown page and pictures, from the files of its folder and from nothing else.

import { join } from "node:path";
import { writeAtomically } from "../files/atomic-write.js";
import { printableLines } from "../terminal/printable.js";
import { formatCount, formatDuration, formatRate } from "../terminal/quantities.js";
import { claimsSection } from "./claims-section.js";
import { evaluationSection } from "./evaluation-section.js";
import { learningSection } from "./learning-section.js";
import { table } from "./markdown.js";
import { fileName } from "./names.js";
import type { StudyRecipe } from "./recipe.js";
import { type PretrainResult, readResults } from "./results.js";
import { columnName, type EvaluationScores, meanText, scoresOf } from "./scores.js";
import { openPlan } from "./study-plan.js";

/** The files of a report, and what it tells of. */
export interface ReportFiles {
  /** The page, and the pictures that it shows. */
  readonly page: string;
  readonly pictures: readonly string[];
  /** Jobs; where some are missing, the page says so. */
  readonly finished: number;
}

/** Writes report.md and .svg pictures into the folder. Throws EvaluationError where it holds no study. */
export async function writeStudyReport(folder: string): Promise<ReportFiles> {
  const { recipe, jobs } = openPlan(folder);
  const results = readResults(folder, jobs);
  const pretrainings = recipe.variants.flatMap(({ name }) =>
    results.pretrainings.filter(({ variant }) => variant === name).sort((a, b) => a.seed - b.seed),
  );
  const baseline = recipe.baseline ?? recipe.variants[0]!.name;
  const scores = recipe.evaluations.map((evaluation) => scoresOf(recipe, evaluation, results.evaluations));
  const pictures = new Map<string, string>();
  const finished = results.pretrainings.length + results.evaluations.length;
  const lines = [
    `# ${recipe.title}`,
    "",
    ...(finished < jobs.length ? [`**Not finished: ${finished} of ${jobs.length} jobs.**`, ""] : []),
    ...(recipe.about === "" ? [] : [recipe.about.trim(), ""]),
    ...summarySection(recipe, scores),
    ...claimsSection(recipe.claims, scores),
    ...costSection(recipe, pretrainings, baseline),
    ...scores.flatMap((each) => {
      const expected = jobs.filter((job) => job.startsWith(`${fileName(each.evaluation.name)}/`)).length;
      return evaluationSection(each, baseline, expected, pictures);
    }),
    ...learningSection(pretrainings, pictures),
    "Generated from the files beside this page by `mixedae study report`; no figure is typed by hand.",
    "",
  ];
  const page = join(folder, "report.md");
  for (const [name, svg] of pictures) await writeAtomically(join(folder, name), [Buffer.from(svg)]);
  await writeAtomically(page, [Buffer.from(printableLines(lines.join("\n")))]);
  return {
    page,
    pictures: [...pictures.keys()].map((name) => join(folder, name)),
    finished,
  };
}

/** Everything in one table, where there is more than one column of it. */
function summarySection(recipe: StudyRecipe, scores: readonly EvaluationScores[]): string[] {
  const columns = scores.flatMap((of) => of.fractions.map((fraction) => ({ of, fraction })));
  if (columns.length < 2) return [];
  const rows = recipe.variants
    .map(({ name }) => [name, ...columns.map(({ of, fraction }) => meanText(of.at(name, fraction)))])
    .filter(([_, ...cells]) => cells.some((cell) => cell !== ""));
  return [
    "## In short",
    "",
    ...table(["encoder", ...columns.map(({ of, fraction }) => columnName(of, fraction))], rows),
    "",
  ];
}

function costSection(recipe: StudyRecipe, pretrainings: readonly PretrainResult[], baseline: string): string[] {
  if (pretrainings.length === 0) return [];
  const total = ({ multiplyAdds, images }: PretrainResult) => multiplyAdds * images;
  const unit = pretrainings.find(({ variant }) => variant === baseline);
  const rows = recipe.variants.flatMap(({ name }) => {
    const own = pretrainings.filter(({ variant }) => variant === name);
    const [first] = own;
    if (first === undefined) return [];
    const speeds = own.map(({ metrics }) => median(metrics.map(({ imagesPerSecond }) => imagesPerSecond as number)));
    return [
      [
        name,
        first.method,
        String(own.length),
        formatCount(first.images),
        (first.multiplyAdds / 1e6).toFixed(1),
        ...(unit === undefined ? [] : [(total(first) / total(unit)).toFixed(2)]),
        formatRate(speeds.reduce((sum, speed) => sum + speed, 0) / speeds.length),
        formatDuration(own.reduce((sum, { seconds }) => sum + seconds, 0) / own.length),
      ],
    ];
  });
  return [
    "## Pre-training",
    "",
    ...table(
      [
        "encoder",
        "method",
        "seeds",
        "clean images",
        "million multiply-adds an image",
        ...(unit === undefined ? [] : [`in all, ${baseline} = 1`]),
        "images/s",
        "time a seed",
      ],
      rows,
    ),
    "",
    "Multiply-adds are those of the matrix products of a training step, forward and backward, counted from the program.",
    "Images a second are the median over the steps, on whatever else the machine did at the time.",
    ...sharedEncoders(recipe),
    "",
  ];
}

/** Deviations do not say what they leave out. */
function sharedEncoders({ variants, seeds }: StudyRecipe): string[] {
  const fewer = variants.filter(({ pretrainSeeds }) => (pretrainSeeds ?? seeds.length) < seeds.length);
  if (fewer.length === 0) return [];
  const names = fewer.map(({ name }) => `*${name}*`).join(", ");
  return [
    `Of ${names}, seeds share an encoder: deviations and intervals below are those of labels, heads and draws, and would`,
    "be wider if every seed had pre-trained one of its own.",
  ];
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? 0 : sorted[Math.floor(sorted.length / 2)]!;
}
