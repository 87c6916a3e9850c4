// metrics.jsonl as it is found: damaged, or with half a line of a process that was killed.

import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readMetrics } from "#src/training/metrics-file.js";
import { temporaryFolder } from "../files/temporary-folder.js";

const at = temporaryFolder();

test("of a damaged file, the steps that are left are read, each once and in order", async () => {
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
  writeFileSync(at("metrics.jsonl"), `${lines.join("\n")}\n{"step":4`);
  expect(await readMetrics(at("metrics.jsonl"))).toEqual([
    { step: 1, stepSeconds: 2 },
    { step: 2 },
    { step: 3, stepSeconds: 3 },
  ]);
});

test("a file that is not there is named", async () => {
  await expect(readMetrics(at("metrics.jsonl"))).rejects.toThrow(/Cannot read .*metrics\.jsonl: There is no such file/);
});
