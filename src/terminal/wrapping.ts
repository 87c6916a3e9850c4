// Lines broken between words where they are wider than the terminal, which would break them anywhere.

/** Of a table, the second column begins within this share of the width: what is longer is text with a wide gap. */
const WIDEST_INDENT = 0.5;

/**
 * Breaks each line that is longer than `columns`. What continues it is indented as its text is: below the second column
 * where the line is a name, two spaces or more, and a text. Words longer than a line, such as paths, stay whole.
 */
export function wrapWords(text: string, columns: number): string {
  return text
    .split("\n")
    .map((line) => wrapLine(line, columns))
    .join("\n");
}

function wrapLine(line: string, columns: number): string {
  if (line.length <= columns) return line;
  const [start] = /^\s*(?:\S+(?: \S+)* {2,})?/.exec(line)!;
  const indent = start.length <= columns * WIDEST_INDENT ? start.length : /^\s*/.exec(line)![0].length;
  return fill(line.slice(indent), line.slice(0, indent), " ".repeat(indent), columns);
}

/** The same for a command, which can be pasted into a shell as it is shown: each line but the last ends in a backslash. */
export function wrapCommand(line: string, columns: number): string {
  if (line.length <= columns) return line;
  const [indent] = /^\s*/.exec(line)!;
  return fill(line.slice(indent.length), indent, `${indent}  `, columns - 2).replaceAll("\n", " \\\n");
}

function fill(text: string, first: string, others: string, columns: number): string {
  const lines: string[] = [];
  let current = "";
  for (const word of text.split(" ")) {
    const room = columns - (lines.length === 0 ? first : others).length;
    if (current !== "" && current.length + 1 + word.length > room) {
      lines.push(current);
      current = word;
    } else current = current === "" ? word : `${current} ${word}`;
  }
  lines.push(current);
  return lines.map((line, index) => `${index === 0 ? first : others}${line}`).join("\n");
}
