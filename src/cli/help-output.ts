// Help as it fits the terminal: words wrap at its width, and examples stay commands that can be pasted.

import type { ProgressStream } from "../terminal/progress-line.js";
import { wrapCommand, wrapWords } from "../terminal/wrapping.js";

/** Characters of a line of help; without end where nobody looks at it on a terminal. */
export function helpWidth({ isTTY, columns }: ProgressStream): number {
  return isTTY ? columns || 80 : Number.POSITIVE_INFINITY;
}

/** Writes help, or a complaint about a command line. Commander wraps its own tables; all else comes as long lines. */
export function writeHelp(text: string, stream: ProgressStream): void {
  const width = helpWidth(stream);
  const fit = (line: string) => (isExample(line) ? wrapCommand(line, width) : wrapWords(line, width));
  stream.write(text.split("\n").map(fit).join("\n"));
}

/** A command by itself; where it stands in a table, a description follows behind a gap. */
function isExample(line: string): boolean {
  return /^ +mixedae /.test(line) && !/\S {2,}\S/.test(line);
}
