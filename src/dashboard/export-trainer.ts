// The page that trains as a folder of files, for any web server.

import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { DataError } from "../data/errors.js";
import { writeAtomically } from "../files/atomic-write.js";
import { storageError } from "../files/storage.js";
import { NO_RUNTIME, readTrainerFile, trainerFiles } from "./trainer-files.js";

/** What a site has where a package is missing. */
export class NoTrainerError extends DataError {
  override readonly name = "NoTrainerError";

  override get isMisuse(): boolean {
    return true;
  }
}

/** Writes the files to a folder; returns their size in bytes. Throws NoTrainerError, StorageError. */
export async function exportTrainer(folder: string): Promise<number> {
  const files = trainerFiles();
  if (files === undefined) throw new NoTrainerError(NO_RUNTIME);
  let bytes = 0;
  for (const file of files) {
    const path = join(folder, file.name);
    try {
      mkdirSync(dirname(path), { recursive: true });
    } catch (error) {
      throw storageError(error, "make", dirname(path));
    }
    const content = readTrainerFile(file);
    await writeAtomically(path, [content]);
    bytes += content.length;
  }
  return bytes;
}
