// The process's own output as commands see it: nothing but our progress line controls the terminal, and a stream that
// fails (a full disk, a closed pipe, a terminal that is gone) ends no command.

import { setImmediate } from "node:timers/promises";
import { printableLines } from "../terminal/printable.js";
import type { ProgressStream } from "../terminal/progress-line.js";

export class Output implements ProgressStream {
  readonly #stream: NodeJS.WriteStream;
  #failure: NodeJS.ErrnoException | undefined;

  /** `isSilent`: what is written goes nowhere. */
  constructor(
    stream: NodeJS.WriteStream,
    private readonly isSilent = false,
  ) {
    this.#stream = stream;
    stream.on("error", (error: NodeJS.ErrnoException) => this.#note(error));
  }

  get isTTY(): boolean {
    return this.#stream.isTTY === true;
  }

  get columns(): number {
    return this.#stream.columns;
  }

  /** Whatever was forgotten to be made printable before is made so here. */
  write(text: string): void {
    this.writeRaw(printableLines(text));
  }

  writeRaw(text: string): void {
    if (this.isSilent) return;
    try {
      this.#stream.write(text);
    } catch (error) {
      this.#note(error as NodeJS.ErrnoException);
    }
  }

  /** Resolves when everything is out, or failed to be: then with the first error. */
  async settled(): Promise<NodeJS.ErrnoException | undefined> {
    await new Promise<void>((done) => this.#stream.write("", () => done()));
    // The event of an error comes after the callback.
    await setImmediate();
    return this.#failure;
  }

  #note(error: NodeJS.ErrnoException): void {
    // Whoever reads our output may stop reading (mixedae search ... | head): that is no failure of ours.
    if (error.code !== "EPIPE") this.#failure ??= error;
  }
}
