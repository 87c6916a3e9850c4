// The targets and the loss of crops on values small enough to work out by hand.
import { expect, test } from "vitest";
import { compile } from "#src/engine/index.js";
import { constant, defineProgram, type Tensor } from "#src/graph/index.js";
import { clsLoss, meanEntropy, teacherTargets } from "#src/methods/distillation/losses.js";

async function valuesOf(result: Tensor): Promise<number[]> {
  const program = await compile(defineProgram("test", { result }), { threads: 1 });
  return Array.from((await program.run({})).result as Float32Array);
}
const ln = Math.log;

test("targets are centred, then sharpened", async () => {
  const targets = teacherTargets(constant([1, 2], [1, 2]), constant([0, 1.5], [2]), constant([0.5], [1]));
  // (1 - 0) / 0.5 = 2 and (2 - 1.5) / 0.5 = 1.
  const [first, second] = await valuesOf(targets);
  expect(first).toBeCloseTo(1 / (1 + Math.exp(-1)), 5);
  expect(second).toBeCloseTo(1 / (1 + Math.exp(1)), 5);
});

test("a teacher's crop is compared with every crop of the student but itself", async () => {
  // One image, two prototypes. Teacher: crop 0 says the first, crop 1 the second. The student's three crops give the
  // first prototype the shares 1/4, 1/2 and 4/5.
  const targets = constant([1, 0, 0, 1], [2, 1, 2]);
  const logits = constant([ln(1), ln(3), ln(5), ln(5), ln(4), ln(1)], [3, 1, 2]);
  // Pairs (0, 1), (0, 2), (1, 0), (1, 2).
  const expected = -(ln(1 / 2) + ln(4 / 5) + ln(3 / 4) + ln(1 / 5)) / 4;
  expect((await valuesOf(clsLoss(targets, logits)))[0]).toBeCloseTo(expected, 5);
});

test("the entropy is log(n) for even distributions and 0 for certain ones", async () => {
  const entropy = meanEntropy(constant([0.25, 0.25, 0.25, 0.25, 1, 0, 0, 0], [2, 4]));
  expect((await valuesOf(entropy))[0]).toBeCloseTo(ln(4) / 2, 5);
});
