// One line for a person who waits: rewritten in place on a terminal, printed anew anywhere else.

import { printable, printableLines } from "./printable.js";
import { wrapWords } from "./wrapping.js";

/** Where lines are written, such as `process.stdout`. */
export interface ProgressStream {
  /** Writes text as it is. */
  write(text: string): unknown;
  /** Where `write` lets no control sequences through: those of the progress line, in whose text there are no others. */
  writeRaw?(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const eraseLine = "\r\u001b[K";

/** A last line that is rewritten in place, and the lines above it. */
export class ProgressLine {
  readonly #stream: ProgressStream;
  #line = "";
  /** Whether the line stands on the terminal, with the cursor at its end. */
  #drawn = false;

  /** What the work is a part of, put before the line whenever that is shown. */
  lead: () => string = () => "";

  constructor(stream: ProgressStream) {
    this.#stream = stream;
  }

  /** The same line where there is one already, so that what shares a terminal also shares its last line. */
  static on(output: ProgressStream | ProgressLine): ProgressLine {
    return output instanceof ProgressLine ? output : new ProgressLine(output);
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true;
  }

  /** To be seen with the next `show`, or at the end. */
  set(line: string): void {
    this.#line = printable(line);
  }

  /** Shows the line as it was set: in place on a terminal, as a new line elsewhere. */
  show(): void {
    if (this.isTerminal) this.#redraw();
    else this.#stream.write(`${this.#whole()}\n`);
  }

  /** Prints another line, above this one where it stands on a terminal; there, its words wrap. */
  print(line: string): void {
    const whole = printableLines(line);
    const text = `${this.isTerminal ? wrapWords(whole, this.#room) : whole}\n`;
    if (!this.#drawn) {
      this.#stream.write(text);
      return;
    }
    this.#writeRaw(`${eraseLine}${text}`);
    this.#redraw();
  }

  /** Leaves the last state standing on the terminal. */
  end(): void {
    if (this.#drawn) {
      this.#redraw();
      this.#stream.write("\n");
    }
    this.#drawn = false;
  }

  /** Takes the line off the terminal. */
  clear(): void {
    if (this.#drawn) this.#writeRaw(eraseLine);
    this.#drawn = false;
  }

  /** Something else may use the line until the function that this returns is called. */
  lend(): () => void {
    const [line, drawn] = [this.#line, this.#drawn];
    return () => {
      this.#line = line;
      if (!drawn) this.clear();
      else if (this.#drawn) this.#redraw();
    };
  }

  #whole(): string {
    const lead = printable(this.lead());
    return lead === "" ? this.#line : `${lead}  ${this.#line}`;
  }

  #redraw(): void {
    // A line that wraps could not be rewritten.
    this.#writeRaw(`\r${this.#whole().slice(0, this.#room)}\u001b[K`);
    this.#drawn = true;
  }

  /** Characters of a line; the last column is left free, for some terminals wrap on filling it. */
  get #room(): number {
    return Math.max(1, (this.#stream.columns || 80) - 1);
  }

  #writeRaw(text: string): void {
    if (this.#stream.writeRaw === undefined) this.#stream.write(text);
    else this.#stream.writeRaw(text);
  }
}
