// Clipping by parameter: only what is too long gets shorter, by the norm of what the gradient will be multiplied to.
import { expect, test } from "vitest";
import { openEngine } from "#src/engine/index.js";
import { parameterClipping } from "#src/optim/parameter-clipping.js";
import { viewsOf } from "../engine/host-memory.js";

test("shortens a long gradient to the limit and leaves a short one alone", async () => {
  const group = {};
  const tensors = ["long", "short"].map((name) => ({ name, shape: [2], group }));
  const engine = openEngine({ threads: 1 });
  const gradients = await engine.allocate(tensors);
  const views = viewsOf(gradients);
  views.long!.set([30, 40]);
  views.short!.set([0.3, 0.4]);
  const { clip } = await parameterClipping(engine, gradients, 3);
  await clip(0.1);
  // 0.1 * |[30, 40]| = 5, so that 3 / 5 of it is kept.
  expect(views.long![0]).toBeCloseTo(18, 4);
  expect(views.long![1]).toBeCloseTo(24, 4);
  expect([...views.short!]).toEqual([Math.fround(0.3), Math.fround(0.4)]);
});
