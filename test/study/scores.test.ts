// How scores and their differences are written.
import { expect, test } from "vitest";
import { parseRecipe } from "#src/study/recipe.js";
import { differenceText, scoresOf } from "#src/study/scores.js";
import { pairedDifference } from "#src/study/statistics.js";

const recipe = parseRecipe(
  {
    title: "Scores",
    seeds: [0],
    variants: [{ name: "one", scratch: "nano" }],
    evaluations: [{ name: "kNN", task: "knn", train: "a", test: "b" }],
  },
  "scores.yaml",
);
const scores = scoresOf(recipe, recipe.evaluations[0]!, [])[0]!;

test("a difference has a sign, and an interval where there are several seeds", () => {
  expect(differenceText(scores, pairedDifference([1, 2], [2, 3.2]))).toBe("−1.1 ± 1.3");
  expect(differenceText(scores, pairedDifference([3], [1.5]))).toBe("+1.5");
});

test("what rounds to nothing is not below nothing", () => {
  expect(differenceText(scores, pairedDifference([1], [1.04]))).toBe("+0.0");
});
