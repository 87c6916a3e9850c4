// Adding one flat buffer to another.
import { expect, test } from "vitest";
import { FlatLayout } from "#src/engine/index.js";
import { accumulator } from "#src/optim/accumulate.js";

test("each run adds the part to the total, in all chunks", async () => {
  const layout = new FlatLayout(
    [
      { name: "a", shape: [40], group: 0 },
      { name: "b", shape: [7], group: 1 },
    ],
    16,
  );
  const [total, part] = [layout.allocate().fill(1), layout.allocate().map((_, index) => index)];
  const binding = await accumulator(layout, total, part, { threads: 1 });
  await binding.run();
  part.fill(0.5);
  await binding.run();
  expect([...total]).toEqual(Array.from(total, (_, index) => index + 1.5));
});
