// One line for a person who waits: rewritten in place on a terminal, printed anew anywhere else.

export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

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
    this.#line = line;
  }

  show(): void {
    if (this.isTerminal) this.#redraw();
    else this.#stream.write(`${this.#whole()}\n`);
  }

  /** Prints another line, above this one where it stands on a terminal. */
  print(line: string): void {
    if (!this.#drawn) {
      this.#stream.write(`${line}\n`);
      return;
    }
    this.#stream.write(`\r\u001b[K${line}\n`);
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

  #whole(): string {
    const lead = this.lead();
    return lead === "" ? this.#line : `${lead}  ${this.#line}`;
  }

  #redraw(): void {
    // A line that wraps could not be rewritten; the last column is left free, for some terminals wrap on filling it.
    const room = Math.max(1, (this.#stream.columns || 80) - 1);
    this.#stream.write(`\r${this.#whole().slice(0, room)}\u001b[K`);
    this.#drawn = true;
  }
}
