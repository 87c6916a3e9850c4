// A text file that only grows, a line at a time; what is appended survives the death of the process.

import { closeSync, fsyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { storageError } from "./storage.js";

/** Nothing is buffered in the process: after `append` the line is the operating system's, and kill -9 cannot lose it. */
export class AppendLog {
  readonly path: string;
  readonly #descriptor: number;
  #closed = false;

  /** Opens or creates the file, and cuts it to `length` bytes where that is given. Throws StorageError. */
  constructor(path: string, length?: number) {
    this.path = path;
    this.#descriptor = this.#attempt("open", () => openSync(path, "a"));
    if (length !== undefined) this.#attempt("shorten", () => ftruncateSync(this.#descriptor, length));
  }

  /** Appends one line; the text must hold no line break. Throws StorageError. */
  append(line: string): void {
    const bytes = Buffer.from(`${line}\n`);
    this.#attempt("write", () => {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#descriptor, bytes, done);
    });
  }

  /** Returns when everything appended is on the disk, and would survive a power failure. */
  sync(): void {
    this.#attempt("write", () => fsyncSync(this.#descriptor));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#descriptor);
  }

  #attempt<T>(action: string, operation: () => T): T {
    try {
      return operation();
    } catch (error) {
      throw storageError(error, action, this.path);
    }
  }
}
