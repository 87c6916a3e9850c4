// The bytes of a source's images as they lie on the disk: looked at or read one by one.

import { type FileHandle, open as openFile, readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { filePath, type ImageTable } from "./image-source.js";
import type { Stamp } from "./image-stamps.js";

/** The files, or the members of archives, that images lie in. */
export interface ImageFiles {
  /** The name of the folder or archive. */
  containerOf(row: number): string;
  /** Undefined where there is nothing to see. */
  look(row: number): Promise<Stamp | undefined>;
  read(row: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** `names` are those of all images, as the record of a source has them (see source-record.ts). */
export function imageFiles(table: Exclude<ImageTable, { kind: "pixels" }>, names: readonly string[]): ImageFiles {
  if (table.kind === "files") {
    const pathOf = (row: number) => filePath(table, names[row]!);
    return {
      containerOf: (row) => folderOf(names[row]!),
      look: async (row) => {
        const stats = await stat(pathOf(row)).catch(() => undefined);
        return stats && { size: stats.size, time: stats.mtimeMs };
      },
      read: (row) => readFile(pathOf(row)),
      close: async () => {},
    };
  }
  let open: { readonly archive: number; readonly file: FileHandle } | undefined;
  const archiveOf = async (row: number): Promise<FileHandle> => {
    const archive = table.archives[row]!;
    if (open?.archive !== archive) {
      await open?.file.close();
      open = { archive, file: await openFile(table.paths[archive]!) };
    }
    return open.file;
  };
  return {
    containerOf: (row) => basename(table.paths[table.archives[row]!]!),
    look: async (row) => ({ size: table.sizes[row]!, time: (await (await archiveOf(row)).stat()).mtimeMs }),
    read: async (row) => {
      const bytes = new Uint8Array(table.sizes[row]!);
      await (await archiveOf(row)).read(bytes, 0, bytes.length, table.offsets[row]!);
      return bytes;
    },
    close: async () => open?.file.close(),
  };
}

function folderOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf("/")));
}
