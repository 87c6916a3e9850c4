// Text from elsewhere, such as names of files, made safe to show: what would move the cursor, change colours or reorder
// the line is written out as an escape.

/** C0, DEL and C1 (escape sequences begin with one of them), line separators, and what overrides the writing direction. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

const shortEscapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** One line of text without control characters: `a\u001b[2J` becomes `a\x1b[2J`, a line break `\n`. */
export function printable(text: string): string {
  return text.replace(unprintable, escapeOf);
}

/** The same for text of several lines: line breaks and tabs stay. */
export function printableLines(text: string): string {
  return text.replace(unprintable, (character) =>
    character === "\n" || character === "\t" ? character : escapeOf(character),
  );
}

/** JSON on one line that a terminal can show; what is parsed from it is the same to the last character. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(unprintable, (character) => `\\u${hexOf(character, 4)}`);
}

function escapeOf(character: string): string {
  const short = shortEscapes[character];
  if (short !== undefined) return short;
  return character.charCodeAt(0) < 0x100 ? `\\x${hexOf(character, 2)}` : `\\u${hexOf(character, 4)}`;
}

function hexOf(character: string, digits: number): string {
  return character.charCodeAt(0).toString(16).padStart(digits, "0");
}
