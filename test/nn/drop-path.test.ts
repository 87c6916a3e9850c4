// Drop path's draws: how often each branch is left out, and what the others are multiplied by.
import { expect, test } from "vitest";
import { drawBranchScales } from "#src/nn/drop-path.js";
import { randomStream } from "#src/random/index.js";

test("leaves branches out more often the deeper they are, and keeps their mean", () => {
  const draws = Array.from({ length: 4000 }, (_, image) => drawBranchScales(randomStream(1, "test", 0, image), 5, 0.4));
  for (let block = 0; block < 5; block++) {
    const rate = (0.4 * block) / 4;
    for (const branch of [0, 1]) {
      const column = draws.map((scales) => scales[2 * block + branch]!);
      expect(new Set(column)).toEqual(new Set(rate === 0 ? [1] : [0, Math.fround(1 / (1 - rate))]));
      expect(column.filter((scale) => scale === 0).length / 4000).toBeCloseTo(rate, 1);
    }
  }
  const both = draws.filter((scales) => scales[8] === 0 && scales[9] === 0).length / 4000;
  expect(both).toBeCloseTo(0.16, 1);
});

test("drops the only block at the full rate, and nothing at rate 0", () => {
  const single = Array.from({ length: 200 }, (_, image) => drawBranchScales(randomStream(2, "test", 0, image), 1, 0.5));
  expect(new Set(single.flatMap((scales) => [...scales]))).toEqual(new Set([0, 2]));
  expect([...drawBranchScales(randomStream(3, "test", 0, 0), 3, 0)]).toEqual([1, 1, 1, 1, 1, 1]);
});
