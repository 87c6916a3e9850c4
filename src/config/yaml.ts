// Reads YAML that may come from anywhere: bounded, so that no text takes long, much memory or the whole stack.

import { Lexer, LineCounter, Parser, parseDocument } from "yaml";
import { nestingFault } from "../files/nesting.js";

/** The most bytes of a YAML file: a list of ten thousand archives fits, and reading it takes a second or two. */
export const LARGEST_YAML = 1 << 20;

/** The parser compares every key of a mapping with all others, and recurses for every level of nesting. */
const MOST_KEYS = 10_000;
const MOST_TOKENS = 200_000;
/** Each level of values takes up to three of the parser's. */
const DEEPEST_SYNTAX = 256;

/** The value of a YAML (or JSON) text; null where it is empty. Throws an Error of one sentence about the text. */
export function parseYaml(text: string): unknown {
  if (Buffer.byteLength(text) > LARGEST_YAML) throw new Error(`it is longer than ${LARGEST_YAML} bytes`);
  const lines = new LineCounter();
  lines.addNewLine(0);
  checkSyntax(text, lines);
  const document = parseDocument(text, { prettyErrors: false, logLevel: "error" });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new Error(`${error.message} at line ${line}, column ${col}`);
  }
  // Throws where aliases would unfold without end.
  const value: unknown = document.toJS();
  const fault = nestingFault(value);
  if (fault !== undefined) throw new Error(`it ${fault}`);
  return value;
}

/** Goes over the tokens with a parser that keeps a stack of its own: the one that builds values would overflow. */
function checkSyntax(text: string, lines: LineCounter): void {
  const parser = new Parser(lines.addNewLine);
  let tokens = 0;
  let keys = 0;
  for (const token of new Lexer().lex(text)) {
    for (const _ of parser.next(token)) {
      // Only its stack matters.
    }
    if (parser.stack.length > DEEPEST_SYNTAX) throw new Error("its values are nested too deeply");
    if (++tokens > MOST_TOKENS) throw new Error(`it has more than ${MOST_TOKENS} words and marks`);
    if (token === ":" && ++keys > MOST_KEYS) throw new Error(`it has more than ${MOST_KEYS} keys`);
  }
}
