// The draws of a batch: a function of each image's position, and of the right sizes.
import { expect, test } from "vitest";
import { drawIbotInputs } from "#src/methods/ibot/draws.js";
import { ibotOptions as options, patches, shape } from "../distillation/tiny-distillation.js";

test("an image's draws do not depend on the batch that it lies in", () => {
  const position = { seed: 2, step: 5, epoch: 1, firstImage: 8 };
  const whole = drawIbotInputs(shape, options, 4, position);
  const second = drawIbotInputs(shape, options, 2, { ...position, firstImage: 10 });
  expect(whole.masks.length).toBe(4 * 2 * patches);
  expect(whole.masks.subarray(2 * 2 * patches)).toEqual(second.masks);
  expect(whole.branchScales!.subarray(whole.branchScales!.length / 2)).toEqual(second.branchScales);
  const anotherEpoch = drawIbotInputs(shape, options, 4, { ...position, epoch: 2 });
  expect(anotherEpoch.masks).not.toEqual(whole.masks);
});

test("without drop path there are no scales; with it, some branches are left out and the others made up for it", () => {
  const position = { seed: 2, step: 1, epoch: 0, firstImage: 0 };
  expect(drawIbotInputs(shape, { ...options, dropPath: 0 }, 4, position).branchScales).toBeUndefined();
  const { branchScales } = drawIbotInputs(shape, { ...options, dropPath: 0.5 }, 32, position);
  expect(new Set(branchScales)).toEqual(new Set([1, 0, 2]));
});
