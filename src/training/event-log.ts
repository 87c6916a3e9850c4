// events.jsonl: what happened in a run, one JSON object a line, for whoever looks at it from another process.

import { closeSync, readSync } from "node:fs";
import { AppendLog } from "../files/growing-file.js";
import { openRegular } from "../files/regular-file.js";
import { errorCode, storageError } from "../files/storage.js";
import { printableJson } from "../terminal/printable.js";
import type { RunEvent } from "./events.js";

export class EventLog {
  readonly #log: AppendLog;

  /** Opens or creates the file; a half line at its end, of a machine that lost its power, is cut off. Throws StorageError. */
  constructor(path: string) {
    this.#log = new AppendLog(path, wholeLength(path));
  }

  /** Appends a line, of all but what comes many times a second. Throws StorageError. */
  record(event: RunEvent): void {
    if (!isKept(event)) return;
    const { time, step, type, ...others } = event;
    this.#log.append(printableJson({ time, step, type, ...others, lines: undefined, configuration: undefined }));
  }

  close(): void {
    this.#log.close();
  }
}

/** metrics.jsonl has each step, and config.json what is announced in lines. */
function isKept(event: RunEvent): boolean {
  if (event.type === "phase" || event.type === "images") return event.state === "began";
  return event.type !== "step";
}

/** Bytes up to the last line break. */
function wholeLength(path: string): number {
  try {
    const { descriptor, size } = openRegular(path);
    try {
      const chunk = Buffer.alloc(1 << 16);
      for (let end = size; end > 0; end -= chunk.length) {
        const begin = Math.max(0, end - chunk.length);
        const bytes = readSync(descriptor, chunk, 0, end - begin, begin);
        const last = chunk.subarray(0, bytes).lastIndexOf(10);
        if (last >= 0) return begin + last + 1;
      }
      return 0;
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (errorCode(error) === "ENOENT") return 0;
    throw storageError(error, "read", path);
  }
}
