// Cross-entropy against the formula in plain numbers.
import { expect, test } from "vitest";
import { input } from "#src/graph/index.js";
import { crossEntropy } from "#src/heads/cross-entropy.js";
import { evaluate } from "../nn/evaluate.js";

test("is the mean over images of minus the targets times the log of softmax", async () => {
  const scores = [1, -2, 0.5, 80, 79, -60];
  const targets = [0.2, 0.5, 0.3, 0, 0.9, 0.1];
  const logs = [0, 1].map((row) => {
    const own = scores.slice(3 * row, 3 * row + 3);
    const largest = Math.max(...own);
    const sum = Math.log(own.reduce((total, score) => total + Math.exp(score - largest), 0)) + largest;
    return own.reduce((total, score, i) => total - targets[3 * row + i]! * (score - sum), 0);
  });
  const loss = crossEntropy(input("scores", [2, 3]), input("targets", [2, 3]));
  const found = await evaluate({ loss }, { scores: Float32Array.from(scores), targets: Float32Array.from(targets) });
  expect(found.loss[0]).toBeCloseTo((logs[0]! + logs[1]!) / 2, 4);
});
