// Adding the gradients of one part of a batch to those of the others.
import { expect, test } from "vitest";
import { openEngine } from "#src/engine/index.js";
import { accumulator } from "#src/optim/accumulate.js";

test("each run adds the part to the total, in all parts of the arrays", async () => {
  const engine = openEngine({ threads: 1 });
  const tensors = [
    { name: "a", shape: [70_000], group: 0 },
    { name: "b", shape: [7], group: 1 },
  ];
  const [total, part] = [await engine.allocate(tensors), await engine.allocate(tensors)];
  total.memory!.fill(1);
  part.memory!.set(part.memory!.map((_, index) => index));
  const binding = await accumulator(engine, total, part);
  await binding.run();
  part.memory!.fill(0.5);
  await binding.run();
  expect(total.memory).toEqual(total.memory!.map((_, index) => index + 1.5));
});
