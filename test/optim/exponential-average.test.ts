// A moving average of weights over flat buffers, chunk by chunk.
import { expect, test } from "vitest";
import { FlatLayout } from "#src/engine/index.js";
import { exponentialAverage } from "#src/optim/exponential-average.js";

test("moves every value of every chunk towards the weights", async () => {
  const layout = new FlatLayout([{ name: "weight", shape: [40], group: {} }], 16);
  const [average, values] = [layout.allocate(), layout.allocate()];
  for (let index = 0; index < 40; index++) [average[index], values[index]] = [index, -1];
  const { update } = await exponentialAverage(layout, average, values, { threads: 1 });
  await update(0.75);
  for (let index = 0; index < 40; index++) expect(average[index]).toBeCloseTo(0.75 * index - 0.25, 5);
  await update(1);
  expect(average[4]).toBeCloseTo(2.75, 5);
  expect(values[4]).toBe(-1);
});
