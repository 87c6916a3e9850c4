// What a training took is the sum of what its steps took, whichever process made them.

import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { trainingSeconds } from "#src/study/training-jobs.js";
import { temporaryFolder } from "../files/temporary-folder.js";

const at = temporaryFolder();

test("steps without a time of their own, and half a line of a killed process, count as nothing", async () => {
  writeFileSync(
    at("metrics.jsonl"),
    '{"step":1,"stepSeconds":2}\n{"step":2,"stepSeconds":"long"}\n{"step":3,"stepSeconds":3}\n{"st',
  );
  expect(await trainingSeconds(at("metrics.jsonl"))).toBe(5);
});
