// Checksums of an embedding as it grows: of its rows in blocks, of its lines, and after each batch of all that there is.

import { crc32 } from "node:zlib";
import { checksumText } from "../files/checksum.js";
import type { FeatureOrigin } from "./feature-description.js";

/** Rows of a block: few enough to check a part of a file by itself, enough for the list of checksums to stay short. */
const ROWS_PER_BLOCK = 1024;

/** What a description says of its .jsonl and of its .npy. */
export interface FeatureChecksums {
  readonly lines: { readonly bytes: number; readonly checksum: string };
  readonly rows: { readonly perBlock: number; readonly checksums: readonly string[] };
}

export class GrowingChecksums {
  readonly #rowBytes: number;
  #images = 0;
  #rowsBytes = 0;
  #lineBytes = 0;
  #blocks: number[] = [];
  #lines = 0;
  /** Of the origin, and of the rows, the lines and the counts of each batch, in this order. */
  #running: number;

  private constructor(rowBytes: number, running: number) {
    this.#rowBytes = rowBytes;
    this.#running = running;
  }

  /** Of an embedding without images yet. */
  static of(origin: FeatureOrigin): GrowingChecksums {
    return new GrowingChecksums(4 * origin.width, crc32(JSON.stringify(origin)));
  }

  copy(): GrowingChecksums {
    const copy = new GrowingChecksums(this.#rowBytes, this.#running);
    copy.#images = this.#images;
    copy.#rowsBytes = this.#rowsBytes;
    copy.#lineBytes = this.#lineBytes;
    copy.#blocks = [...this.#blocks];
    copy.#lines = this.#lines;
    return copy;
  }

  /** Images of the source up to the end of the last batch, those that could not be read included. */
  get images(): number {
    return this.#images;
  }

  /** Bytes of the lines so far. */
  get lineBytes(): number {
    return this.#lineBytes;
  }

  /** Rows so far. */
  get rows(): number {
    return this.#rowsBytes / this.#rowBytes;
  }

  addRows(bytes: Uint8Array): void {
    this.#running = continued(this.#running, bytes);
    const blockBytes = ROWS_PER_BLOCK * this.#rowBytes;
    for (let start = 0; start < bytes.length; ) {
      const block = Math.floor(this.#rowsBytes / blockBytes);
      const part = bytes.subarray(start, start + (block + 1) * blockBytes - this.#rowsBytes);
      this.#blocks[block] = crc32(part, this.#blocks[block] ?? 0);
      this.#rowsBytes += part.length;
      start += part.length;
    }
  }

  addLines(bytes: Uint8Array): void {
    this.#running = continued(this.#running, bytes);
    this.#lines = continued(this.#lines, bytes);
    this.#lineBytes += bytes.length;
  }

  /** Ends a batch after so many images of the source; returns its record, which no other batches so far could have. */
  endBatch(images: number): string {
    this.#images = images;
    const counts = { images, rows: this.rows };
    this.#running = crc32(JSON.stringify(counts), this.#running);
    return JSON.stringify({ ...counts, checksum: checksumText(this.#running) });
  }

  summary(): FeatureChecksums {
    return {
      lines: { bytes: this.#lineBytes, checksum: checksumText(this.#lines) },
      rows: { perBlock: ROWS_PER_BLOCK, checksums: this.#blocks.map(checksumText) },
    };
  }
}

/** Node starts anew where the bytes are of an empty buffer. */
function continued(sum: number, bytes: Uint8Array): number {
  return bytes.length === 0 ? sum : crc32(bytes, sum);
}
