// log.txt: what happened in a run, such as skipped files and warnings, each line with its time.

import { AppendLog } from "../files/growing-file.js";
import { printable } from "../terminal/printable.js";

export class RunLog {
  readonly #log: AppendLog;
  readonly #now: () => Date;

  constructor(path: string, now: () => Date = () => new Date()) {
    this.#log = new AppendLog(path);
    this.#now = now;
  }

  /** Something worth knowing later: started, resumed, which device. */
  info(message: string): void {
    this.#write("info", message);
  }

  /** Something that may spoil the result, though the run goes on. */
  warn(message: string): void {
    this.#write("warning", message);
  }

  /** A file that could not be read. */
  skipped(path: string, reason: string): void {
    this.#write("skipped", `${path}: ${reason}`);
  }

  close(): void {
    this.#log.close();
  }

  #write(kind: string, message: string): void {
    // A line break inside, as file names and decoders' messages may hold, must not look like a line of its own.
    this.#log.append(`${this.#now().toISOString()} ${kind} ${printable(message)}`);
  }
}
