// iBOT's loss of hidden patches on values small enough to work out by hand.
import { expect, test } from "vitest";
import { compile } from "#src/engine/index.js";
import { constant, defineProgram } from "#src/graph/index.js";
import { patchLoss } from "#src/methods/ibot/patch-loss.js";

const ln = Math.log;

test("hidden patches are averaged within their crop, and a crop without any counts as 0", async () => {
  // Two patches of three crops; the student gives the first prototype 1/4 in patch 0 and 4/5 in patch 1.
  const first = [1, 0];
  const targets = constant([first, first, first, first, first, first].flat(), [2, 3, 2]);
  const [low, high] = [
    [ln(1), ln(3)],
    [ln(4), ln(1)],
  ];
  const logits = constant([low, low, low, high, high, high].flat() as number[], [2, 3, 2]);
  const hidden = constant([1, 1, 0, 1, 0, 0], [2, 3]);
  const expected = (-(ln(1 / 4) + ln(4 / 5)) / 2 - ln(1 / 4) + 0) / 3;
  const program = await compile(defineProgram("test", { loss: patchLoss(targets, logits, hidden) }), { threads: 1 });
  expect(((await program.run({})).loss as Float32Array)[0]).toBeCloseTo(expected, 5);
});
