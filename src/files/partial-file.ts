// A file that grows at its end and can be cut back: what is appended survives the death of the process.

import { closeSync, constants, fsyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { readFully, storageError } from "./storage.js";
import { wholeLines } from "./whole-lines.js";

export class PartialFile {
  #length = 0;
  readonly #descriptor: number;

  /** Opens or creates the file; to be cut before anything is appended. Throws StorageError. */
  constructor(readonly path: string) {
    this.#descriptor = this.#attempt("open", () => openSync(path, constants.O_RDWR | constants.O_CREAT));
  }

  /** Leaves the first `length` bytes. */
  cut(length: number): void {
    this.#attempt("shorten", () => ftruncateSync(this.#descriptor, length));
    this.#length = length;
  }

  append(bytes: Uint8Array): void {
    this.writeAt(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Writes over what is there. */
  writeAt(bytes: Uint8Array, position: number): void {
    this.#attempt("write", () => {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(this.#descriptor, bytes, done, bytes.length - done, position + done);
      }
    });
  }

  /** Fills `target` from `position` on; returns how many bytes there were. */
  async readAt(target: Uint8Array, position: number): Promise<number> {
    try {
      return await readFully(this.#descriptor, target, position);
    } catch (error) {
      throw storageError(error, "read", this.path);
    }
  }

  /** The lines from its start; stops before one of more than `longest` bytes. */
  async *lines(longest: number): AsyncGenerator<Buffer> {
    try {
      yield* wholeLines(this.#descriptor, longest);
    } catch (error) {
      throw storageError(error, "read", this.path);
    }
  }

  /** Returns when everything is on the disk, and would survive a power failure. */
  sync(): void {
    this.#attempt("write", () => fsyncSync(this.#descriptor));
  }

  close(): void {
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
