// metrics.jsonl after kills and resumes equals that of an uninterrupted run.

import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { RunDirectoryError } from "#src/training/errors.js";
import { MetricsLog } from "#src/training/metrics-log.js";
import { temporaryFolder } from "../files/temporary-folder.js";

const at = temporaryFolder();
const path = () => at("metrics.jsonl");
const lineOf = (step: number) => `${JSON.stringify({ step, loss: 1 / step })}\n`;
const linesThrough = (last: number) => Array.from({ length: last }, (_, index) => lineOf(index + 1)).join("");

async function record(from: number, through: number): Promise<void> {
  const log = await MetricsLog.open(path(), from);
  for (let step = from + 1; step <= through; step++) log.append({ step, loss: 1 / step });
  log.sync();
  log.close();
}

describe("MetricsLog", () => {
  it("writes a line a step, at once", async () => {
    const log = await MetricsLog.open(path(), 0);
    log.append({ step: 1, loss: 1 });
    expect(readFileSync(path(), "utf8")).toBe(lineOf(1));
    log.close();
  });

  it("cuts back to the checkpoint's step and goes on as if nothing had happened", async () => {
    await record(0, 17);
    await record(10, 25);
    expect(readFileSync(path(), "utf8")).toBe(linesThrough(25));
  });

  it("does not take a file without line breaks for one long line", async () => {
    writeFileSync(path(), "");
    truncateSync(path(), 2 ** 36);
    await expect(MetricsLog.open(path(), 3)).rejects.toThrow(/whole up to step 0/);
  });

  it("cuts off the half line of a killed process, wherever it was cut", async () => {
    for (let lost = 1; lost <= lineOf(13).length; lost++) {
      writeFileSync(path(), linesThrough(13));
      truncateSync(path(), linesThrough(13).length - lost);
      await record(12, 14);
      expect(readFileSync(path(), "utf8")).toBe(linesThrough(14));
    }
  });

  it("reads files larger than its buffer", async () => {
    writeFileSync(path(), linesThrough(60_000));
    await record(59_998, 59_999);
    expect(readFileSync(path(), "utf8")).toBe(linesThrough(59_999));
  });

  it("starts from nothing when the file is gone, or began after the checkpoint", async () => {
    await record(3, 5);
    expect(readFileSync(path(), "utf8")).toBe(lineOf(4) + lineOf(5));
    await record(4, 6);
    expect(readFileSync(path(), "utf8")).toBe(lineOf(4) + lineOf(5) + lineOf(6));
    await record(2, 3);
    expect(readFileSync(path(), "utf8")).toBe(lineOf(3));
    rmSync(path());
  });

  it("says so when lines before the checkpoint are missing or changed, and deletes nothing", async () => {
    const damaged = [
      linesThrough(5),
      linesThrough(5) + lineOf(7) + lineOf(8),
      `${linesThrough(5)}nonsense\n${lineOf(6)}`,
    ];
    for (const text of damaged) {
      writeFileSync(path(), text);
      const error = await MetricsLog.open(path(), 8).catch((failure) => failure);
      expect(error).toBeInstanceOf(RunDirectoryError);
      expect(error.message).toContain("it is whole up to step 5");
      expect(readFileSync(path(), "utf8")).toBe(text);
    }
  });

  it("refuses a step out of order", async () => {
    const log = await MetricsLog.open(path(), 0);
    log.append({ step: 1 });
    expect(() => log.append({ step: 1 })).toThrow("expected step 2; found 1");
    expect(() => log.append({ step: 3 })).toThrow("expected step 2; found 3");
    log.close();
  });

  describe("with lines that do not belong where they are", () => {
    const wrong: readonly (readonly [name: string, text: string, lines: string])[] = [
      ["a line twice", linesThrough(5) + lineOf(5) + lineOf(6) + lineOf(7) + lineOf(8), "1 line that is"],
      [
        "a foreign step",
        linesThrough(4) + lineOf(77) + linesThrough(8).slice(linesThrough(4).length),
        "1 line that is",
      ],
      ["garbage", `${linesThrough(8)}\u0000\u0000\n{"step":"9"}\n${lineOf(9)}`, "2 lines that are"],
      ["two lines exchanged", linesThrough(5) + lineOf(7) + lineOf(6) + lineOf(8), "2 lines that are"],
      ["a second process", linesThrough(9) + lineOf(7) + lineOf(8) + lineOf(10), "2 lines that are"],
    ];

    it.each(wrong)("keeps the good ones, and the file as it was: %s", async (_, text, lines) => {
      writeFileSync(path(), text);
      const log = await MetricsLog.open(path(), 8);
      log.append({ step: 9, loss: 1 / 9 });
      log.close();
      expect(readFileSync(path(), "utf8")).toBe(linesThrough(9));
      const copies = readdirSync(at()).filter((name) => name.startsWith("metrics.jsonl.damaged-"));
      expect(copies).toHaveLength(1);
      expect(readFileSync(at(copies[0]!), "utf8")).toBe(text);
      expect(log.repaired).toContain(`${path()} holds ${lines} not the next step's`);
      expect(log.repaired).toContain(at(copies[0]!));
    });

    it("also where nothing is kept", async () => {
      writeFileSync(path(), `${lineOf(1)}nonsense\n`);
      await record(0, 2);
      expect(readFileSync(path(), "utf8")).toBe(linesThrough(2));
      expect(readdirSync(at()).filter((name) => name.includes("damaged"))).toHaveLength(1);
    });

    it("makes no copy of what is cut off as usual", async () => {
      writeFileSync(path(), `${linesThrough(9)}{"step":1`);
      const log = await MetricsLog.open(path(), 4);
      log.close();
      expect(log.repaired).toBeUndefined();
      expect(readdirSync(at())).toEqual(["metrics.jsonl"]);
    });
  });
});
