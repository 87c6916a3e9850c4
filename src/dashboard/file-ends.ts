// The first and the last lines of a file of JSON lines, so that a table of runs needs no file as a whole.

import { closeSync, readSync } from "node:fs";
import { openRegular } from "../files/regular-file.js";

/** A whole line, parsed; lines that are no objects are left out. */
export type Line = Readonly<Record<string, unknown>>;

/** The whole lines within the first `most` bytes, at most `count` of them. Throws as `openRegular` does. */
export function firstLines(path: string, most: number, count = Number.POSITIVE_INFINITY): Line[] {
  const text = readPart(path, () => 0, most);
  return parsed(wholeLinesOf(text).slice(0, count));
}

/** The whole lines within the last `most` bytes, at most `count` of them. Throws as `openRegular` does. */
export function lastLines(path: string, most: number, count = Number.POSITIVE_INFINITY): Line[] {
  let isCut = false;
  const text = readPart(
    path,
    (size) => {
      isCut = size > most;
      return Math.max(0, size - most);
    },
    most,
  );
  const lines = wholeLinesOf(text).slice(isCut ? 1 : 0);
  return parsed(lines.slice(Math.max(0, lines.length - count)));
}

/** What stands behind the last line break is half a line. */
function wholeLinesOf(text: string): string[] {
  return text.split("\n").slice(0, -1);
}

function readPart(path: string, from: (size: number) => number, most: number): string {
  const { descriptor, size } = openRegular(path);
  try {
    const begin = from(size);
    const bytes = Buffer.alloc(Math.min(most, size - begin));
    let done = 0;
    while (done < bytes.length) {
      const count = readSync(descriptor, bytes, done, bytes.length - done, begin + done);
      if (count === 0) break;
      done += count;
    }
    return bytes.toString("utf8", 0, done);
  } finally {
    closeSync(descriptor);
  }
}

function parsed(lines: readonly string[]): Line[] {
  return lines.flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === "object" && value !== null && !Array.isArray(value) ? [value as Line] : [];
    } catch {
      return [];
    }
  });
}
