// Long runs are thinned out for reports, the same way however often.

import { expect, test } from "vitest";
import { thinned } from "#src/study/results.js";

const steps = (count: number) => Array.from({ length: count }, (_, index) => ({ step: index + 1 }));

test("short runs are kept whole", () => {
  expect(thinned(steps(400))).toEqual(steps(400));
  expect(thinned([])).toEqual([]);
});

test("of long ones some steps are kept, with the first and the last", () => {
  const kept = thinned(steps(1000)).map(({ step }) => step);
  expect(kept.slice(0, 3)).toEqual([1, 21, 41]);
  expect(kept.slice(-2)).toEqual([981, 1000]);
  expect(kept).toHaveLength(51);
});

test("what is thinned out stays as it is", () => {
  for (const count of [401, 1001, 4680]) expect(thinned(thinned(steps(count)))).toEqual(thinned(steps(count)));
});
