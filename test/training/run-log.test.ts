// log.txt: one event a line.

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { RunLog } from "#src/training/run-log.js";
import { temporaryFolder } from "../files/temporary-folder.js";

const at = temporaryFolder();

it("appends a line for each event, also after it was closed and opened again", () => {
  const now = () => new Date("2024-05-06T07:08:09Z");
  const log = new RunLog(at("log.txt"), now);
  log.info("started");
  log.skipped("a/b.png", "Input buffer has corrupt header\nline two");
  log.close();
  const again = new RunLog(at("log.txt"), now);
  again.warn("all tokens point the same way");
  again.close();
  expect(readFileSync(at("log.txt"), "utf8").split("\n")).toEqual([
    "2024-05-06T07:08:09.000Z info started",
    "2024-05-06T07:08:09.000Z skipped a/b.png: Input buffer has corrupt header\\nline two",
    "2024-05-06T07:08:09.000Z warning all tokens point the same way",
    "",
  ]);
});
