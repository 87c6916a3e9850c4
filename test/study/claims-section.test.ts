// What the report says of claims, from scores that are given here.
import { expect, test } from "vitest";
import { claimsSection } from "#src/study/claims-section.js";
import type { EvaluationRecord } from "#src/study/job-record.js";
import { parseRecipe } from "#src/study/recipe.js";
import { scoresOf } from "#src/study/scores.js";

const { claims, ...recipe } = parseRecipe(
  {
    title: "Claims",
    seeds: [0, 1, 2],
    variants: ["good", "better", "noisy"].map((name) => ({ name, scratch: "nano" })),
    evaluations: [
      { name: "kNN", task: "knn", train: "a", test: "b" },
      { name: "Held out", task: "reconstruction", test: "b" },
    ],
    claims: [
      { better: "better", than: "good" },
      { better: "good", than: "better" },
      { better: "noisy", than: "good" },
    ],
  },
  "claims.yaml",
);

/** By seed. */
const given = { good: [0.7, 0.75, 0.8], better: [0.71, 0.762, 0.813], noisy: [0.9, 0.6, 0.85] };

function section(seeds: number, of: readonly number[] = [0, 1, 2]): string[] {
  const records = Object.entries(given).flatMap(([variant, values]) =>
    recipe.evaluations.flatMap(({ name, task }) =>
      values.slice(0, seeds).map(
        (score, seed): EvaluationRecord => ({
          ...{ kind: "evaluate", key: "", variant, seed, seconds: 1, evaluation: name, task },
          ...{ labelsFraction: 1, trainImages: 10, testImages: 10, score },
        }),
      ),
    ),
  );
  const scores = recipe.evaluations.flatMap((evaluation) => scoresOf({ ...recipe, claims }, evaluation, records));
  return claimsSection(
    claims.filter((_, index) => of.includes(index)),
    scores,
  );
}

test("a claim holds, is the reverse, or stays open, by the interval of its difference", () => {
  const text = section(3).join("\n");
  // 1.0, 1.2 and 1.3 points: a mean of 1.167, a deviation of 0.153, and 4.303 standard errors of 0.088.
  expect(text).toContain("| claim | kNN |");
  expect(text).toContain("| *better* above *good* | +1.2 ± 0.4, as claimed |");
  expect(text).toContain("| *good* above *better* | −1.2 ± 0.4, the reverse |");
  expect(text).toMatch(/\| \*noisy\* above \*good\* \| \+3\.3 ± \d+\.\d, open \|/);
  expect(text).toContain("do not all hold**: of 3 comparisons, 1 is as claimed, 1 is the reverse, and 1 stays open");
});

test("an order comes out only where every comparison does", () => {
  expect(section(3, [0]).join("\n")).toContain("**The claims hold**, in every comparison (1).");
});

test("two seeds are no claim, however narrow their interval", () => {
  // 1.0 and 1.2 points: with 12.7 standard errors of 0.1, 1.3 on both sides; 3.0 and 3.0 would be no wider than nothing.
  expect(section(2, [0]).join("\n")).toContain("| *better* above *good* | +1.1 ± 1.3, open (two seeds: no claim) |");
  given.noisy = [0.73, 0.78, 0.83];
  const text = section(2, [2]).join("\n");
  expect(text).toContain("| *noisy* above *good* | +3.0 ± 0.0, open (two seeds: no claim) |");
  expect(text).toContain("1 stays open");
  expect(section(3, [2]).join("\n")).toContain("+3.0 ± 0.0, as claimed |");
});

test("secondary comparisons count by Holm's correction, primary ones by their own interval", () => {
  const seeds = Array.from({ length: 8 }, (_, seed) => seed);
  const recipe = parseRecipe(
    {
      ...{ title: "Claims", seeds, variants: ["a", "b"].map((name) => ({ name, scratch: "nano" })) },
      evaluations: ["One", "Two", "Three"].map((name) => ({ name, task: "knn", train: "a", test: "b" })),
      claims: [{ better: "a", than: "b", primary: "One" }],
    },
    "claims.yaml",
  );
  // By hand: of +1 ± 1.2 points (n - 1), t = 2.357 and p = 0.0506; of +1 ± 1.1, t = 2.571 and p = 0.0370; of +1 ± 0.5, p = 0.0008.
  const spread = [-1, 1, -1, 1, -1, 1, -1, 1].map((sign) => sign * Math.sqrt(7 / 8));
  const section = (deviations: Record<string, number>) => {
    const records = Object.entries(deviations).flatMap(([evaluation, deviation]) =>
      seeds.flatMap((seed) =>
        [
          ["a", 0.51 + (deviation / 100) * spread[seed]!],
          ["b", 0.5],
        ].map(([variant, score]) => ({
          ...({ kind: "evaluate", key: "", seed, seconds: 1, evaluation, task: "knn" } as const),
          ...{ labelsFraction: 1, trainImages: 10, testImages: 10 },
          ...(<const>{ variant: variant as string, score: score as number }),
        })),
      ),
    );
    return claimsSection(
      recipe.claims,
      recipe.evaluations.flatMap((each) => scoresOf(recipe, each, records)),
    ).join("\n");
  };
  const text = section({ One: 1.1, Two: 1.1, Three: 0.5 });
  expect(text).toContain("| **+1.0 ± 0.9, as claimed** | +1.0 ± 0.9, as claimed | +1.0 ± 0.4, as claimed |");
  expect(text).toContain(
    "Primary comparisons, one a claim, in bold: of 1, 1 is as claimed, 0 are the reverse, and 0 stay open.",
  );
  // Two of the secondary ones with p = 0.0370 each: the smaller is above 0.05 / 2.
  expect(section({ One: 1.1, Two: 1.1, Three: 1.1 })).toContain(
    "| **+1.0 ± 0.9, as claimed** | +1.0 ± 0.9, open | +1.0 ± 0.9, open |",
  );
  expect(section({ One: 1.2, Two: 0.5, Three: 0.5 })).toContain("**+1.0 ± 1.0, open** | +1.0 ± 0.4, as claimed");
});

test("one seed leaves everything open, and no claims or no scores leave nothing to say", () => {
  expect(section(1, [0]).join("\n")).toContain("| *better* above *good* | +1.0, open |");
  expect(section(1, [])).toEqual([]);
  expect(section(0)).toEqual([]);
});
