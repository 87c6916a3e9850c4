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
  const scores = scoresOf(recipe, recipe.evaluations[0]!, given)[0]!;
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

test("further scores of the same work have a table and a picture of their own", () => {
  const recipe = parseRecipe(
    {
      title: "Scores",
      seeds: [0],
      variants: ["good", "better"].map((name) => ({ name, scratch: "nano" })),
      evaluations: [{ name: "Detection", task: "detect", images: "a" }],
    },
    "scores.yaml",
  );
  const record = (variant: string, score: number, masks?: number): EvaluationRecord => ({
    ...{ kind: "evaluate", key: "", variant, seed: 0, seconds: 1, evaluation: "Detection", task: "detect" },
    ...{
      labelsFraction: 1,
      trainImages: 10,
      testImages: 10,
      score,
      ...(masks !== undefined && { further: { masks } }),
    },
  });
  const both = scoresOf(recipe, recipe.evaluations[0]!, [record("good", 0.2, 0.1), record("better", 0.3, 0.15)]);
  const pictures = new Map<string, string>();
  const text = both.flatMap((scores) => evaluationSection(scores, "good", 2, pictures)).join("\n");
  expect(text).toContain("## Detection\n\nAP of boxes on 10 test images");
  expect(text).toContain("## Detection, AP of masks\n\nAP of masks on 10 test images");
  expect(text).toContain("| better | +10.0 |");
  expect(text).toContain("| better | +5.0 |");
  expect(pictures.size).toBe(2);
  // Of models with boxes alone there is nothing further.
  expect(scoresOf(recipe, recipe.evaluations[0]!, [record("good", 0.2)])).toHaveLength(1);
});
