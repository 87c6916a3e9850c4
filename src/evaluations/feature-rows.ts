// The vectors of an embedding (.npy) on disk, checked block by block as they are read.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { checksumOf } from "../files/checksum.js";
import { storageError } from "../files/storage.js";
import { FormatError } from "../formats/errors.js";
import { decodeNpyHeader, NPY_HEADER_BYTES, type NpyHeader } from "../formats/npy.js";
import type { VectorSource } from "../heads/neighbours.js";
import { type FeatureDescription, notIntact } from "./feature-description.js";

export interface FeatureRows extends VectorSource {
  close(): void;
}

/** Throws EvaluationError, StorageError; so do reads. */
export function openRows(path: string, description: FeatureDescription): FeatureRows {
  const attempt = <T>(operation: () => T): T => {
    try {
      return operation();
    } catch (error) {
      throw storageError(error, "read", path);
    }
  };
  const file = attempt(() => openSync(path, "r"));
  try {
    const { size } = attempt(() => fstatSync(file));
    const start = Buffer.alloc(Math.min(NPY_HEADER_BYTES, size));
    const length = attempt(() => readSync(file, start, 0, start.length, 0));
    const { shape, dataStart } = decodeHeader(path, start.subarray(0, length), size);
    const { count, width } = description;
    if (shape.length !== 2 || shape[0] !== count || shape[1] !== width) {
      throw notIntact(`${count} x ${width} features in ${path}, as its description says`, shape.join(" x "));
    }
    const readBytes = (first: number, bytes: Uint8Array) => {
      for (let done = 0; done < bytes.length; ) {
        const length = Math.min(bytes.length - done, 1 << 30);
        const got = attempt(() => readSync(file, bytes, done, length, dataStart + first * width * 4 + done));
        if (got === 0) throw notIntact(`all of the ${count} rows in ${path}`, "an end before them");
        done += got;
      }
    };
    const check = blockChecker(path, description, readBytes);
    const read = (first: number, rows: number, into: Float32Array) => {
      const values = into.subarray(0, rows * width);
      readBytes(first, bytesOf(values));
      check(first, values);
    };
    return { count, width, read, close: () => closeSync(file) };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function decodeHeader(path: string, bytes: Uint8Array, size: number): NpyHeader {
  try {
    return decodeNpyHeader(bytes, size);
  } catch (error) {
    if (error instanceof FormatError) throw notIntact(`an intact array in ${path}`, error.message);
    throw error;
  }
}

type ReadBytes = (first: number, bytes: Uint8Array) => void;
type Check = (first: number, values: Float32Array) => void;

/** Checks the blocks that rows just read belong to, each once; what lies outside these rows is read for it. */
function blockChecker(path: string, description: FeatureDescription, readBytes: ReadBytes): Check {
  const { count, width } = description;
  if (description.version === 1) return (first, values) => checkFinite(path, first, values, width);
  const { perBlock, checksums } = description.rows;
  const intact = new Set<number>();
  return (first, values) => {
    const end = first + values.length / width;
    for (let block = Math.floor(first / perBlock); block * perBlock < end; block++) {
      if (intact.has(block)) continue;
      const [blockFirst, blockEnd] = [block * perBlock, Math.min((block + 1) * perBlock, count)];
      let content: Uint8Array;
      if (blockFirst >= first && blockEnd <= end) {
        content = bytesOf(values.subarray((blockFirst - first) * width, (blockEnd - first) * width));
      } else {
        content = new Uint8Array((blockEnd - blockFirst) * width * 4);
        readBytes(blockFirst, content);
      }
      if (checksumOf(content) !== checksums[block]) {
        throw notIntact(
          `rows ${blockFirst} to ${blockEnd - 1} of ${path} as they were written`,
          "another checksum: they were changed or damaged",
        );
      }
      intact.add(block);
    }
  };
}

/** All that can be told of rows without checksums. */
function checkFinite(path: string, first: number, values: Float32Array, width: number): void {
  const place = values.findIndex((value) => !Number.isFinite(value));
  if (place === -1) return;
  throw notIntact(`finite numbers in row ${first + Math.floor(place / width)} of ${path}`, `${values[place]}`);
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
