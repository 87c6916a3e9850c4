// What the report says of one evaluation, from scores that are given here.
import { expect, test } from "vitest";
import { evaluationSection } from "#src/study/evaluation-section.js";
import type { EvaluationRecord } from "#src/study/job-record.js";
import { parseRecipe } from "#src/study/recipe.js";
import { scoresOf } from "#src/study/scores.js";

function section(seeds: number): string {
  const recipe = parseRecipe(
    {
      title: "Scores",
      seeds: [0, 1, 2],
      variants: ["good", "better"].map((name) => ({ name, scratch: "nano" })),
      evaluations: [{ name: "kNN", task: "knn", train: "a", test: "b" }],
    },
    "scores.yaml",
  );
  const records = { good: [0.7, 0.75, 0.8], better: [0.71, 0.77, 0.81] };
  const given = Object.entries(records).flatMap(([variant, values]) =>
    values.slice(0, seeds).map(
      (score, seed): EvaluationRecord => ({
        ...{ kind: "evaluate", key: "", variant, seed, seconds: 1, evaluation: "kNN", task: "knn" },
        ...{ labelsFraction: 1, trainImages: 10, testImages: 10, score },
      }),
    ),
  );
  const scores = scoresOf(recipe, recipe.evaluations[0]!, given);
  return evaluationSection(scores, "good", 2 * seeds, new Map()).join("\n");
}

test("an interval from two seeds is shown as such", () => {
  expect(section(2)).toContain("| better | +1.5 ± 6.4 |\n\n*Two seeds: no claim.* Their interval rests on");
});

test("of one seed there is none, and three need no warning", () => {
  expect(section(1)).toContain("| better | +1.0 |");
  expect(section(3)).toContain("| better | +1.3 ± 1.4 |");
  for (const seeds of [1, 3]) expect(section(seeds)).not.toContain("no claim");
});
