// Long runs are thinned out for reports, the same way however often.
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readMetrics, thinned, trainingSeconds } from "#src/study/metrics.js";
import { temporaryFolder } from "../files/temporary-folder.js";

const at = temporaryFolder();

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

test("of a damaged file, the steps that are left count, each once and in order", () => {
  const path = at("metrics.jsonl");
  const lines = [
    '{"step":1,"stepSeconds":2}',
    "garbage",
    '{"step":3,"stepSeconds":3}',
    '{"step":2,"stepSeconds":"long","loss":[1,null]}',
    "[]",
    "null",
    '{"step":1,"stepSeconds":9}',
    '{"step":0.5}',
  ];
  writeFileSync(path, `${lines.join("\n")}\n{"step":4`);
  expect(readMetrics(path)).toEqual([{ step: 1, stepSeconds: 2 }, { step: 2 }, { step: 3, stepSeconds: 3 }]);
  expect(trainingSeconds(path)).toBe(5);
});

test("whole lines are read, the half one of a killed process is not", () => {
  writeFileSync(at("metrics.jsonl"), '{"step":1,"stepSeconds":2}\n{"step":2,"stepSeconds":3}\n{"step":3,"st');
  expect(readMetrics(at("metrics.jsonl")).map(({ step }) => step)).toEqual([1, 2]);
  expect(trainingSeconds(at("metrics.jsonl"))).toBe(5);
});
