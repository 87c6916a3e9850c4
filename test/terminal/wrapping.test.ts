// Lines that are wider than the terminal break between words, and nothing of them is lost.
import fc from "fast-check";
import { expect, test } from "vitest";
import { wrapCommand, wrapWords } from "#src/terminal/wrapping.js";

test("continues below the text: of a row, below its second column", () => {
  expect(wrapWords("  batch      128 clean images, mixed in groups of 4", 30).split("\n")).toEqual([
    "  batch      128 clean images,",
    "             mixed in groups",
    "             of 4",
  ]);
  expect(wrapWords("      a number of steps, or a time", 24).split("\n")).toEqual([
    "      a number of steps,",
    "      or a time",
  ]);
  expect(wrapWords("short\n\n  lines  stay", 20)).toBe("short\n\n  lines  stay");
});

test("a first column that leaves no room for the second is not kept", () => {
  expect(wrapWords("  a very long name of a row  and its text here", 30).split("\n")).toEqual([
    "  a very long name of a row ",
    "  and its text here",
  ]);
});

test("words that are longer than a line stay whole", () => {
  expect(wrapWords("in /a/path/that/is/long/enough now", 12).split("\n")).toEqual([
    "in",
    "/a/path/that/is/long/enough",
    "now",
  ]);
});

test("loses no word, and exceeds the width only for one word", () => {
  const word = fc.stringMatching(/^[a-z]{1,12}$/);
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), fc.integer({ min: 1, max: 40 }), (words, columns) => {
      const lines = wrapWords(words.join(" "), columns).split("\n");
      expect(lines.join(" ").split(" ")).toEqual(words);
      for (const line of lines) expect(line.length <= columns || !line.includes(" ")).toBe(true);
    }),
  );
});

test("a command continues behind a backslash", () => {
  const command = "  mixedae pretrain photos --out runs/first --method mae";
  expect(wrapCommand(command, 80)).toBe(command);
  const lines = wrapCommand(command, 30).split("\n");
  expect(lines).toEqual(["  mixedae pretrain photos \\", "    --out runs/first \\", "    --method mae"]);
  expect(lines.every(({ length }) => length <= 30)).toBe(true);
});
