// The scores of a study, looked up by evaluation, variant and share of the labels.

import type { Measure } from "../evaluations/evaluation.js";
import { type EvaluationRecord, measureOf } from "./job-record.js";
import { fractionsOf } from "./jobs.js";
import { shareText } from "./names.js";
import type { StudyRecipe } from "./recipe.js";
import { definitionOf, type RecipeEvaluation } from "./recipe-evaluations.js";
import { estimate, type PairedDifference, pairedDifference } from "./statistics.js";

/** What one evaluation has given so far. */
export interface EvaluationScores {
  readonly evaluation: RecipeEvaluation;
  /** What it is called: the evaluation's name, and for a further score what it measures. */
  readonly name: string;
  readonly measure: Measure;
  /** Variants and shares of the labels with at least one score, in the order of the recipe. */
  readonly variants: readonly string[];
  readonly fractions: readonly number[];
  /** By seed; with the score that is meant. */
  at(variant: string, fraction: number): readonly EvaluationRecord[];
  /** How many there are, and over how many seeds at most. */
  readonly finished: number;
  readonly seeds: number;
}

/** Its score, and then its further ones where there are any. */
export function scoresOf(
  recipe: StudyRecipe,
  evaluation: RecipeEvaluation,
  records: readonly EvaluationRecord[],
): EvaluationScores[] {
  const own = records.filter((each) => each.evaluation === evaluation.name);
  const { measure, furtherMeasures = {} } = definitionOf(evaluation);
  const further = Object.entries(furtherMeasures).map(([key, of]) => {
    const scored = own.flatMap((each) => {
      const score = each.further?.[key];
      return score === undefined ? [] : [{ ...each, score }];
    });
    return scoresOfOne(recipe, evaluation, scored, { name: `${evaluation.name}, ${of.name}`, measure: of });
  });
  const main = scoresOfOne(recipe, evaluation, own, { name: evaluation.name, measure });
  return [main, ...further.filter(({ finished }) => finished > 0)];
}

function scoresOfOne(
  recipe: StudyRecipe,
  evaluation: RecipeEvaluation,
  own: readonly EvaluationRecord[],
  named: Pick<EvaluationScores, "name" | "measure">,
): EvaluationScores {
  const allFractions = fractionsOf(evaluation);
  const variants = recipe.variants
    .map((variant) => variant.name)
    .filter((variant) => own.some((each) => each.variant === variant));
  return {
    evaluation,
    ...named,
    variants,
    fractions: allFractions.filter((fraction) => own.some((each) => each.labelsFraction === fraction)),
    at: (variant, fraction) =>
      own
        .filter((each) => each.variant === variant && each.labelsFraction === fraction)
        .sort((a, b) => a.seed - b.seed),
    finished: own.length,
    seeds: new Set(own.map(({ seed }) => seed)).size,
  };
}

/** Scores as they are shown: in percent, say. */
export function shownScores(records: readonly EvaluationRecord[]): number[] {
  return records.map(({ task, score }) => measureOf(task).scale * score);
}

/** "81.6 ± 0.3"; empty where there is none. */
export function meanText(records: readonly EvaluationRecord[]): string {
  const [first] = records;
  if (first === undefined) return "";
  const { digits } = measureOf(first.task);
  const { mean, deviation } = estimate(shownScores(records));
  return `${mean.toFixed(digits)}${deviation === null ? "" : ` ± ${deviation.toFixed(digits)}`}`;
}

/** How far `variant` lies above `other`, as shown, over the seeds that both have; undefined where there is none. */
export function differenceOf(
  { at }: EvaluationScores,
  variant: string,
  other: string,
  fraction: number,
): PairedDifference | undefined {
  const [ours, theirs] = [at(variant, fraction), at(other, fraction)];
  const isPaired = ({ seed }: EvaluationRecord) =>
    [ours, theirs].every((records) => records.some((each) => each.seed === seed));
  const [own, others] = [ours.filter(isPaired), theirs.filter(isPaired)];
  return own.length === 0 ? undefined : pairedDifference(shownScores(own), shownScores(others));
}

/** "+0.4 ± 0.7". */
export function differenceText({ measure: { digits } }: EvaluationScores, { mean, margin }: PairedDifference): string {
  const size = Math.abs(mean).toFixed(digits);
  const signed = `${mean < 0 && Number(size) > 0 ? "−" : "+"}${size}`;
  return `${signed}${margin === null ? "" : ` ± ${margin.toFixed(digits)}`}`;
}

/** What has to be said of differences from two seeds, whose intervals rest on how far two values are apart. */
export const TWO_SEEDS = "two seeds: no claim";

/** What a column of one evaluation and one share of the labels is called. */
export function columnName({ name, fractions }: EvaluationScores, fraction: number): string {
  return fractions.length > 1 ? `${name}, ${shareText(fraction)}` : name;
}
