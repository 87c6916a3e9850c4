// A file that grows at its end and can be cut back: what is appended survives the death of the process.

import { closeSync, fsyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { storageError } from "../training/storage.js";

export class PartialFile {
  #length: number;
  readonly #descriptor: number;

  /** Opens or creates the file and cuts it to `length` bytes. Throws StorageError. */
  constructor(
    readonly path: string,
    length: number,
  ) {
    this.#descriptor = this.#attempt("open", () => openSync(path, length === 0 ? "w" : "r+"));
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
