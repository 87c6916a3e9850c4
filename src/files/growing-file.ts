// Files that grow at their end: what is appended is the operating system's at once, so that kill -9 cannot lose it.

import { closeSync, constants, fsyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { readFully, storageError } from "./storage.js";
import { wholeLines } from "./whole-lines.js";

/** An open file; every operation throws StorageError. */
abstract class OpenedFile {
  protected readonly descriptor: number;
  #closed = false;

  constructor(
    readonly path: string,
    flags: string | number,
  ) {
    this.descriptor = this.attempt("open", () => openSync(path, flags));
  }

  /** Leaves the first `length` bytes. */
  protected truncate(length: number): void {
    this.attempt("shorten", () => ftruncateSync(this.descriptor, length));
  }

  /** Writes all bytes, to `position` or to the end of a file that is open for appending. */
  protected write(bytes: Uint8Array, position: number | null): void {
    this.attempt("write", () => {
      for (let done = 0; done < bytes.length; ) {
        const place = position === null ? null : position + done;
        done += writeSync(this.descriptor, bytes, done, bytes.length - done, place);
      }
    });
  }

  /** Returns when everything is on the disk, and would survive a power failure. */
  sync(): void {
    this.attempt("write", () => fsyncSync(this.descriptor));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.descriptor);
  }

  protected attempt<T>(action: string, operation: () => T): T {
    try {
      return operation();
    } catch (error) {
      throw storageError(error, action, this.path);
    }
  }
}

/** A text file that only grows, a line at a time. */
export class AppendLog extends OpenedFile {
  /** Opens or creates the file, and cuts it to `length` bytes where that is given. */
  constructor(path: string, length?: number) {
    super(path, "a");
    if (length !== undefined) this.truncate(length);
  }

  /** Appends one line; the text must hold no line break. */
  append(line: string): void {
    this.write(Buffer.from(`${line}\n`), null);
  }
}

/** A file that is cut back to what is whole, and goes on from there. */
export class PartialFile extends OpenedFile {
  #length = 0;

  /** Opens or creates the file; to be cut before anything is appended. */
  constructor(path: string) {
    super(path, constants.O_RDWR | constants.O_CREAT);
  }

  /** Leaves the first `length` bytes. */
  cut(length: number): void {
    this.truncate(length);
    this.#length = length;
  }

  append(bytes: Uint8Array): void {
    this.write(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Writes over what is there. */
  writeAt(bytes: Uint8Array, position: number): void {
    this.write(bytes, position);
  }

  /** Fills `target` from `position` on; returns how many bytes there were. */
  async readAt(target: Uint8Array, position: number): Promise<number> {
    try {
      return await readFully(this.descriptor, target, position);
    } catch (error) {
      throw storageError(error, "read", this.path);
    }
  }

  /** The lines from its start; stops before one of more than `longest` bytes. */
  async *lines(longest: number): AsyncGenerator<Buffer> {
    try {
      yield* wholeLines(this.descriptor, longest);
    } catch (error) {
      throw storageError(error, "read", this.path);
    }
  }
}
