// The command line as a whole: help, version, wrong usage.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { record } from "./recording.js";

const commands = [
  ["pretrain"],
  ["resume"],
  ["embed"],
  ["evaluate", "knn"],
  ["finetune"],
  ["segment", "train"],
  ["detect", "train"],
  ["detect", "evaluate"],
  ["detect", "predict"],
  ["study", "run"],
  ["import"],
  ["export"],
  ["data", "compose"],
];

describe("runCli", () => {
  it("prints the package's version", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(await record(["--version"])).toMatchObject({ exitCode: 0, out: `${version}\n` });
  });

  it("lists its commands in the help", async () => {
    const { exitCode, out, err } = await record(["--help"]);
    expect([exitCode, err]).toEqual([0, ""]);
    for (const command of ["pretrain", "resume", "reconstruct", "doctor"]) expect(out).toContain(`\n  ${command} `);
  });

  it.each(commands)("mixedae %s --help wraps at the width of a terminal, and nowhere else", async (...command) => {
    const narrow = await record([...command, "--help"], {}, { isTTY: true, columns: 80 });
    const long = narrow.out.split("\n").filter((line) => line.length > 80);
    expect(long).toEqual([]);
    const plain = await record([...command, "--help"]);
    const wordsOf = (text: string) => text.split(/\s+/).filter((word) => word !== "\\");
    expect(wordsOf(narrow.out)).toEqual(wordsOf(plain.out));
    expect(Math.max(...plain.out.split("\n").map(({ length }) => length))).toBeGreaterThan(80);
  });

  it("prints its help, as an error, when it is called with nothing", async () => {
    const { exitCode, out, err } = await record([]);
    expect([exitCode, out]).toEqual([2, ""]);
    expect(err).toContain("Usage: mixedae");
  });

  it.each([
    [["pretrian"], "Did you mean pretrain?"],
    [["pretrain", "photos"], "required option '--out <run>' not specified"],
    [["pretrain", "photos", "--out", "r", "--epoch", "3"], "Did you mean --epochs?"],
    [["pretrain", "photos", "--out", "r", "--epochs", "3", "--steps", "5"], "cannot be used with option"],
    [["resume"], "missing required argument 'run'"],
    [["resume", "r", "--steps", "5"], "unknown option '--steps'"],
    [["resume", "r", "--threads", "two"], "Expected a whole number, 0 or more."],
    [["reconstruct", "r", "--out", "a.png"], "missing required argument 'images'"],
  ])("exits with 2 for wrong usage: %j", async (args, words) => {
    const { exitCode, err, calls } = await record(args);
    expect([exitCode, calls]).toEqual([2, []]);
    expect(err).toContain(words);
  });

  it.each(["pretrain", "resume", "reconstruct", "doctor"])("has a complete help for %s", async (command) => {
    const { exitCode, out } = await record([command, "--help"]);
    expect(exitCode).toBe(0);
    expect(out).toContain(`Usage: mixedae ${command}`);
  });
});
