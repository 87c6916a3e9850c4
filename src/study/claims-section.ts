// The claims of a recipe in the report: which encoder is said to be better than which, and what came out.

import { table } from "./markdown.js";
import type { Claim } from "./recipe.js";
import { definitionOf } from "./recipe-evaluations.js";
import { columnName, differenceOf, differenceText, type EvaluationScores, TWO_SEEDS } from "./scores.js";
import { holmRejects, type PairedDifference, pairedSignificance } from "./statistics.js";

type Verdict = "as claimed" | "the reverse" | "open";

interface Column {
  readonly of: EvaluationScores;
  readonly fraction: number;
}

/** What one evaluation says of one claim. */
interface Comparison {
  readonly claim: Claim;
  readonly column: Column;
  readonly isPrimary: boolean;
  readonly difference: PairedDifference;
  readonly verdict: Verdict;
}

/** Fewer differences say nothing, whatever their interval: with two, it rests on how far they are apart. */
const FEWEST = 3;
/** One interval in twenty without any true difference does not contain zero. */
const LEVEL = 0.05;

/**
 * A table of the claims by the evaluations, and how many came out. No lines where nothing can be compared yet.
 * Evaluations of what pre-training trains are left out: they say little of what an encoder is worth. Where claims name a
 * primary evaluation, all other comparisons are secondary, and count by Holm's correction together.
 */
export function claimsSection(claims: readonly Claim[], scores: readonly EvaluationScores[]): string[] {
  const columns = scores
    .filter(({ evaluation }) => !definitionOf(evaluation).measuresPretext)
    .flatMap((of) => of.fractions.map((fraction) => ({ of, fraction })));
  const hasPrimary = claims.some(({ primary }) => primary !== undefined);
  const comparisons = judged(claims, columns, hasPrimary);
  if (comparisons.length === 0) return [];
  const rows = claims.map((claim) => [
    `*${claim.better}* above *${claim.than}*`,
    ...columns.map((column) => {
      const found = comparisons.find((each) => each.claim === claim && each.column === column);
      return found === undefined ? "" : cell(found);
    }),
  ]);
  return [
    "## The claims",
    "",
    ...table(["claim", ...columns.map(({ of, fraction }) => columnName(of, fraction))], rows),
    "",
    ...(hasPrimary ? primarySummary(comparisons) : summary(comparisons.map(({ verdict }) => verdict))),
    "",
  ];
}

function judged(claims: readonly Claim[], columns: readonly Column[], hasPrimary: boolean): Comparison[] {
  const found = claims.flatMap((claim) =>
    columns.flatMap((column) => {
      const { of, fraction } = column;
      const difference = differenceOf(of, claim.better, claim.than, fraction);
      if (difference === undefined) return [];
      // Of an evaluation with several shares of the labels, the first that it names.
      const isPrimary = of.name === claim.primary && fraction === of.fractions[0];
      return [{ claim, column, isPrimary, difference, verdict: verdictOf(difference) }];
    }),
  );
  if (!hasPrimary) return found;
  const secondary = found.filter(({ isPrimary, difference }) => !isPrimary && difference.count >= FEWEST);
  const stands = new Set(holmRejects(secondary, ({ difference }) => pairedSignificance(difference), LEVEL));
  return found.map((each) => (each.isPrimary || stands.has(each) ? each : { ...each, verdict: "open" }));
}

function cell({ column: { of }, difference, isPrimary, verdict }: Comparison): string {
  const why = difference.count === 2 ? ` (${TWO_SEEDS})` : "";
  const text = `${differenceText(of, difference)}, ${verdict}${why}`;
  return isPrimary ? `**${text}**` : text;
}

/** With an interval that contains zero, or from too few seeds, a claim stays open. */
function verdictOf({ mean, margin, count }: PairedDifference): Verdict {
  if (count < FEWEST || margin === null || Math.abs(mean) <= margin) return "open";
  return mean > 0 ? "as claimed" : "the reverse";
}

function summary(verdicts: readonly Verdict[]): string[] {
  return [
    verdicts.every((verdict) => verdict === "as claimed")
      ? `**The claims hold**, in every comparison (${verdicts.length}).`
      : `**The claims do not all hold**: of ${verdicts.length} comparisons, ${counted(verdicts)}.`,
    "Differences are paired by seed. One stays open where the 95% confidence interval of its mean contains zero; with no true",
    "difference anywhere, one in twenty would not.",
  ];
}

function primarySummary(comparisons: readonly Comparison[]): string[] {
  const of = (isPrimary: boolean) =>
    comparisons.filter((each) => each.isPrimary === isPrimary).map(({ verdict }) => verdict);
  const [primary, secondary] = [of(true), of(false)];
  return [
    `Primary comparisons, one a claim, in bold: of ${primary.length}, ${counted(primary)}. Secondary ones: of ` +
      `${secondary.length}, ${counted(secondary)}.`,
    "Differences are paired by seed, with 95% confidence intervals of their means. A primary comparison stays open where its",
    "interval contains zero; a secondary one also where Holm's correction for all secondary ones of this table keeps it so.",
  ];
}

function counted(verdicts: readonly Verdict[]): string {
  const count = (verdict: Verdict) => verdicts.filter((each) => each === verdict).length;
  const be = (times: number) => `${times} ${times === 1 ? "is" : "are"}`;
  const open = count("open");
  return (
    `${be(count("as claimed"))} as claimed, ${be(count("the reverse"))} the reverse, and ` +
    `${open} ${open === 1 ? "stays" : "stay"} open`
  );
}
