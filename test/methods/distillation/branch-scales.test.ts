// The drop path of crops: a function of each image's position and of the method, in the order of the crops.
import { expect, test } from "vitest";
import { drawCropScales } from "#src/methods/distillation/branch-scales.js";
import { dinoOptions as options, shape } from "./tiny-distillation.js";

const position = { seed: 2, step: 5, epoch: 1, firstImage: 8 };
const draw = (stream: string, batch: number, changes = {}) =>
  drawCropScales(stream, shape, { ...options, dropPath: 0.5 }, batch, { ...position, ...changes }).branchScales!;

test("an image's scales do not depend on the batch that it lies in, and each epoch has others", () => {
  const whole = draw("dino-drop-path", 4);
  expect(whole.length).toBe(4 * (2 + options.localCrops) * shape.depth * 2);
  expect(whole.subarray(whole.length / 2)).toEqual(draw("dino-drop-path", 2, { firstImage: 10 }));
  expect(draw("dino-drop-path", 4, { epoch: 2 })).not.toEqual(whole);
});

test("methods do not share their draws", () => {
  expect(draw("dino-drop-path", 32)).not.toEqual(draw("ibot-drop-path", 32));
});

test("without drop path there are none", () => {
  expect(drawCropScales("dino-drop-path", shape, { ...options, dropPath: 0 }, 4, position)).toEqual({});
});
