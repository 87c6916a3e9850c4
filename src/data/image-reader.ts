// Reads single images of a source: from memory where they are there, else from their file or archive.

import { closeSync, fstatSync, readSync, statSync } from "node:fs";
import { FileError } from "../files/file-error.js";
import { openRegular, readBytes, tooLarge } from "../files/regular-file.js";
import { withChannels } from "./channels.js";
import { type DecodeOptions, decodeImage } from "./decode-image.js";
import { ROOM_BYTES, type RoomShare, withRoom } from "./decode-room.js";
import { filePath, type ImageTable } from "./image-source.js";
import { checkStamp, type Stamp } from "./image-stamps.js";
import { type ImageStore, storedImage } from "./image-store.js";
import type { PixelImage } from "./resample.js";
import { sharedName } from "./shared-names.js";

/** Files of more bytes are read and decoded one at a time in the whole process. */
const LARGE_FILE = 2 ** 26;
const MOST_OPEN_ARCHIVES = 64;

/** Reads images by index. One for each thread, since it keeps archives open. */
export class ImageReader {
  /** Set once the images are in memory. */
  store: ImageStore | undefined;
  readonly #table: ImageTable;
  readonly #options: DecodeOptions;
  readonly #room: RoomShare;
  readonly #archives = new Map<number, number>();
  readonly #onChanged: ((index: number) => void) | undefined;

  /** `onChanged` is called for images that are not as they were when they were read before; without it none is compared. */
  constructor(table: ImageTable, options: DecodeOptions, room: RoomShare, onChanged?: (index: number) => void) {
    this.#table = table;
    this.#options = options;
    this.#room = room;
    this.#onChanged = onChanged;
  }

  /** An image that is in memory already; undefined if it must be decoded or cannot be read. */
  inMemory(index: number): PixelImage | undefined {
    if (this.#table.kind !== "pixels") return this.store && storedImage(this.store, index);
    const { width, height, channels, pixels } = this.#table;
    const size = width * height * channels;
    const image = { pixels: pixels.subarray(index * size, (index + 1) * size), width, height, channels };
    return withChannels(image, this.#options.channels);
  }

  /** Reads and decodes an image. Rejects with a one-line reason that does not name it. */
  async decode(index: number): Promise<PixelImage> {
    const stored = this.inMemory(index);
    if (stored !== undefined) return stored;
    const { maximumBytes } = this.#options;
    let bytes: Uint8Array;
    try {
      bytes = this.#readBytes(index, Math.min(LARGE_FILE, maximumBytes));
    } catch (error) {
      if (!(error instanceof FileError && error.code === "TOO_LARGE")) throw error;
      const work = async () => decodeImage(this.#readBytes(index, maximumBytes), this.#options);
      return withRoom(this.#room, ROOM_BYTES, work);
    }
    return decodeImage(bytes, this.#options, this.#room);
  }

  /** Closes the archives that were opened. */
  close(): void {
    for (const file of this.#archives.values()) closeSync(file);
    this.#archives.clear();
  }

  // Reading waits for the disk on purpose: this is a thread made for it, and an asynchronous read costs more than the
  // whole decoding of a small image from the page cache.
  #readBytes(index: number, most: number): Uint8Array {
    const table = this.#table;
    if (table.kind === "files") return this.#readFile(filePath(table, sharedName(table.names, index)), index, most);
    if (table.kind === "pixels") throw new Error("the image is in memory");
    const size = table.sizes[index]!;
    if (size > most) throw tooLarge(size, most);
    const bytes = Buffer.allocUnsafe(size);
    const file = this.#openArchive(table.paths, table.archives[index]!);
    if (readSync(file, bytes, 0, size, table.offsets[index]!) !== size) {
      throw new Error("the archive ends before the image does; it was changed since it was opened");
    }
    this.#compare(index, { size, time: fstatSync(file).mtimeMs }, bytes);
    return bytes;
  }

  #readFile(path: string, index: number, most: number): Uint8Array {
    // Before the reading: what is written in between is then seen as a change by the next reading.
    const time = this.#onChanged === undefined ? 0 : statSync(path).mtimeMs;
    const bytes = readBytes(path, most);
    this.#compare(index, { size: bytes.length, time }, bytes);
    return bytes;
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
    const { descriptor: file } = openRegular(paths[archive]!);
    this.#archives.set(archive, file);
    return file;
  }
}

/** What is wrong with an image, in a few words on one line, without paths. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof FileError) {
    return error.code === "NOT_A_FILE" ? error.found : `a file of ${error.found}, too large for an image`;
  }
  const code = "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "the file is gone";
  if (code === "EACCES" || code === "EPERM") return "no permission to read the file";
  return error.message.trim().replaceAll(/\s*\n\s*/g, "; ");
}
