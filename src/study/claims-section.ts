// The claims of a recipe in the report: which encoder is said to be better than which, and what came out.

import { table } from "./markdown.js";
import type { Claim } from "./recipe.js";
import { definitionOf } from "./recipe-evaluations.js";
import { columnName, differenceOf, differenceText, type EvaluationScores, TWO_SEEDS } from "./scores.js";
import type { PairedDifference } from "./statistics.js";

type Verdict = "as claimed" | "the reverse" | "open";

/** Fewer differences say nothing, whatever their interval: with two, it rests on how far they are apart. */
const FEWEST = 3;

/**
 * A table of the claims by the evaluations, and how many came out. No lines where nothing can be compared yet.
 * Evaluations of what pre-training trains are left out: they say little of what an encoder is worth.
 */
export function claimsSection(claims: readonly Claim[], scores: readonly EvaluationScores[]): string[] {
  const columns = scores
    .filter(({ evaluation }) => !definitionOf(evaluation).measuresPretext)
    .flatMap((of) => of.fractions.map((fraction) => ({ of, fraction })));
  const verdicts: Verdict[] = [];
  const rows = claims.map(({ better, than }) => [
    `*${better}* above *${than}*`,
    ...columns.map(({ of, fraction }) => {
      const difference = differenceOf(of, better, than, fraction);
      if (difference === undefined) return "";
      const verdict = verdictOf(difference);
      verdicts.push(verdict);
      const why = difference.count === 2 ? ` (${TWO_SEEDS})` : "";
      return `${differenceText(of, difference)}, ${verdict}${why}`;
    }),
  ]);
  if (verdicts.length === 0) return [];
  return [
    "## The claims",
    "",
    ...table(["claim", ...columns.map(({ of, fraction }) => columnName(of, fraction))], rows),
    "",
    ...summary(verdicts),
    "",
  ];
}

/** With an interval that contains zero, or from too few seeds, a claim stays open. */
function verdictOf({ mean, margin, count }: PairedDifference): Verdict {
  if (count < FEWEST || margin === null || Math.abs(mean) <= margin) return "open";
  return mean > 0 ? "as claimed" : "the reverse";
}

function summary(verdicts: readonly Verdict[]): string[] {
  const count = (verdict: Verdict) => verdicts.filter((each) => each === verdict).length;
  const [claimed, reverse, open] = [count("as claimed"), count("the reverse"), count("open")];
  const be = (times: number) => `${times} ${times === 1 ? "is" : "are"}`;
  return [
    claimed === verdicts.length
      ? `**The claims hold**, in every comparison (${claimed}).`
      : `**The claims do not all hold**: of ${verdicts.length} comparisons, ${be(claimed)} as claimed, ` +
        `${be(reverse)} the reverse, and ${open} ${open === 1 ? "stays" : "stay"} open.`,
    "Differences are paired by seed. One stays open where the 95% confidence interval of its mean contains zero; with no true",
    "difference anywhere, one in twenty would not.",
  ];
}
