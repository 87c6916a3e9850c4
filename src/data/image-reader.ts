// Reads single images of a source: from memory where they are there, else from their file or archive.

import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { type DecodeOptions, decodeImage } from "./decode-image.js";
import type { ImageTable } from "./image-source.js";
import { checkStamp, type Stamp } from "./image-stamps.js";
import { type ImageStore, storedImage } from "./image-store.js";
import type { PixelImage } from "./resample.js";
import { sharedName } from "./shared-names.js";

const LARGEST_FILE = 2 ** 31 - 1;
const MOST_OPEN_ARCHIVES = 64;

/** Reads images by index. One for each thread, since it keeps archives open. */
export class ImageReader {
  /** Set once the images are in memory. */
  store: ImageStore | undefined;
  readonly #table: ImageTable;
  readonly #options: DecodeOptions;
  readonly #archives = new Map<number, number>();
  readonly #onChanged: ((index: number) => void) | undefined;

  /** `onChanged` is told of images that are not as they were when they were read before; without it none is compared. */
  constructor(table: ImageTable, options: DecodeOptions, onChanged?: (index: number) => void) {
    this.#table = table;
    this.#options = options;
    this.#onChanged = onChanged;
  }

  /** An image that is in memory already; undefined if it must be decoded or cannot be read. */
  inMemory(index: number): PixelImage | undefined {
    if (this.#table.kind !== "pixels") return this.store && storedImage(this.store, index);
    const { width, height, channels, pixels } = this.#table;
    const size = width * height * channels;
    return { pixels: pixels.subarray(index * size, (index + 1) * size), width, height, channels };
  }

  /** Reads and decodes an image. Rejects with a one-line reason that does not name it. */
  async decode(index: number): Promise<PixelImage> {
    return this.inMemory(index) ?? decodeImage(this.#readBytes(index), this.#options);
  }

  /** Closes the archives that were opened. */
  close(): void {
    for (const file of this.#archives.values()) closeSync(file);
    this.#archives.clear();
  }

  // Reading waits for the disk on purpose: this is a thread made for it, and an asynchronous read costs more than the
  // whole decoding of a small image from the page cache.
  #readBytes(index: number): Uint8Array {
    const table = this.#table;
    if (table.kind === "files") return this.#readFile(join(table.root, sharedName(table.names, index)), index);
    if (table.kind === "pixels") throw new Error("the image is in memory");
    const size = table.sizes[index]!;
    if (size > LARGEST_FILE) throw new Error(`the file has ${size} bytes, too many for one image`);
    const bytes = Buffer.allocUnsafe(size);
    const file = this.#openArchive(table.paths, table.archives[index]!);
    if (readSync(file, bytes, 0, size, table.offsets[index]!) !== size) {
      throw new Error("the archive ends before the image does; it was changed since it was opened");
    }
    this.#compare(index, { size, time: fstatSync(file).mtimeMs }, bytes);
    return bytes;
  }

  #readFile(path: string, index: number): Uint8Array {
    const file = openSync(path, "r");
    try {
      const bytes = readFileSync(file);
      this.#compare(index, { size: bytes.length, time: fstatSync(file).mtimeMs }, bytes);
      return bytes;
    } finally {
      closeSync(file);
    }
  }

  #compare(index: number, stamp: Stamp, bytes: Uint8Array): void {
    const table = this.#table;
    if (this.#onChanged === undefined || table.kind === "pixels" || bytes.length === 0) return;
    const row = table.stampRows?.[index] ?? index;
    if (!checkStamp(table.stamps, row, stamp, bytes)) this.#onChanged(index);
  }

  #openArchive(paths: readonly string[], archive: number): number {
    const open = this.#archives.get(archive);
    if (open !== undefined) return open;
    if (this.#archives.size >= MOST_OPEN_ARCHIVES) this.close();
    const file = openSync(paths[archive]!, "r");
    this.#archives.set(archive, file);
    return file;
  }
}

/** What is wrong with an image, in a few words on one line, without paths. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "the file is gone";
  if (code === "EACCES" || code === "EPERM") return "no permission to read the file";
  if (code === "ERR_FS_FILE_TOO_LARGE") return "the file is too large for one image";
  return error.message.trim().replaceAll(/\s*\n\s*/g, "; ");
}
