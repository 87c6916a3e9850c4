// The words about DINO's health: each sign of collapse has its own warning, and a healthy run none.
import { expect, test } from "vitest";
import { type DinoHealth, dinoHealth, dinoHealthLines, dinoWarnings } from "#src/methods/dino/health.js";

const healthy: DinoHealth = { teacherEntropy: 3.2, divergence: 0.8, clsCentreNorm: 1.234, prototypesInUse: 211.4 };
const warnings = (changes: Partial<DinoHealth>) =>
  dinoWarnings({ ...healthy, ...changes }, 1024).map(({ lines }) => lines.join(" "));

test("a healthy run has its metrics beside those of a teacher that knows nothing", () => {
  const text = dinoHealthLines(healthy, 1024).join("\n");
  expect(text).toContain("entropy 3.2; 6.93 where");
  expect(text).toContain("crops use 211 of 1024; the centre has length 1.23");
  expect(warnings({})).toEqual([]);
});

test.each([
  [{ teacherEntropy: 6.92 }, /every prototype alike.*temperature/],
  [{ prototypesInUse: 1.3 }, /one prototype stands for all crops.*centres/],
])("%o is warned of", (changes, words) => {
  expect(warnings(changes)).toHaveLength(1);
  expect(warnings(changes)[0]).toMatch(words);
});

test("nothing is said of metrics that are not all there", () => {
  expect(dinoHealth({ ...healthy, prototypesInUse: undefined })).toBeUndefined();
});
