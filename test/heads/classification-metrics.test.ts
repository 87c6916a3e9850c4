// Top-1, top-5, classes and confusion against counts made by hand.
import { expect, test } from "vitest";
import { classificationResult } from "#src/heads/classification-metrics.js";

test("counts by class what is right and what is taken for what", () => {
  const scores = [
    [3, 1, 2],
    [0, 5, 1],
    [1, 4, 2],
    [0, 0, 9],
  ].flat();
  const result = classificationResult(scores, [0, 1, 2, 2], ["cat", "dog", "owl"]);
  expect(result).toEqual({
    images: 4,
    top1: 0.75,
    top5: null,
    perClass: [
      { name: "cat", images: 1, correct: 1, accuracy: 1 },
      { name: "dog", images: 1, correct: 1, accuracy: 1 },
      { name: "owl", images: 2, correct: 1, accuracy: 0.5 },
    ],
    confusion: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 1, 1],
    ],
  });
});

test("reports top-5 from six classes on, with the earlier of equal classes first", () => {
  const classes = ["a", "b", "c", "d", "e", "f"];
  const scores = [6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0];
  const result = classificationResult(scores, [5, 4], classes);
  expect([result.top1, result.top5]).toEqual([0, 0.5]);
  expect(result.confusion[4]).toEqual([1, 0, 0, 0, 0, 0]);
  expect(result.perClass[0]).toEqual({ name: "a", images: 0, correct: 0, accuracy: null });
});
