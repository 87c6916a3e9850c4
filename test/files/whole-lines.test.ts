// Lines of a file as bytes: what a killed process left behind the last line break is none.

import { closeSync, openSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { wholeLines } from "#src/files/whole-lines.js";
import { temporaryFolder } from "./temporary-folder.js";

const at = temporaryFolder();

async function linesOf(text: string, longest?: number): Promise<string[]> {
  writeFileSync(at("lines"), text);
  const descriptor = openSync(at("lines"), "r");
  try {
    const lines: string[] = [];
    for await (const line of wholeLines(descriptor, longest)) lines.push(line.toString("utf8"));
    return lines;
  } finally {
    closeSync(descriptor);
  }
}

test("gives lines as they are, without a last one that is not whole", async () => {
  expect(await linesOf("a\n\nb\u2028c\r\nlast")).toEqual(["a", "", "b\u2028c\r"]);
});

test("joins what lies across its reads, and ends before a line that is too long", async () => {
  const long = "é".repeat(800_000);
  expect(await linesOf(`${long}\n${long}\n`)).toEqual([long, long]);
  expect(await linesOf(`short\n${long}\nshort\n`, 1000)).toEqual(["short"]);
});
