// A moving average of weights, part by part.
import { expect, test } from "vitest";
import { openEngine } from "#src/engine/index.js";
import { exponentialAverage } from "#src/optim/exponential-average.js";

test("moves every value of every part towards the weights", async () => {
  const engine = openEngine({ threads: 1 });
  const tensors = [{ name: "weight", shape: [70_000], group: {} }];
  const [average, values] = [await engine.allocate(tensors), await engine.allocate(tensors)];
  await average.byName.weight!.write(Float32Array.from({ length: 70_000 }, (_, index) => index));
  await values.byName.weight!.write(new Float32Array(70_000).fill(-1));
  const { update } = await exponentialAverage(engine, average, values);
  await update(0.75);
  const moved = await average.byName.weight!.read();
  for (const index of [0, 4, 65_535, 65_536, 69_999]) expect(moved[index]).toBeCloseTo(0.75 * index - 0.25, 5);
  await update(1);
  expect((await average.byName.weight!.read())[4]).toBeCloseTo(2.75, 5);
  expect((await values.byName.weight!.read())[4]).toBe(-1);
});
