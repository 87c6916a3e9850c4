// The recipe as it lies beside the results of a study.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RunDirectoryError } from "../training/errors.js";
import { errorCode, storageError } from "../training/storage.js";
import { parseRecipe, type StudyRecipe } from "./recipe.js";

export function recipePath(folder: string): string {
  return join(folder, "study.json");
}

/** Undefined where there is none. Throws ConfigError, RunDirectoryError, StorageError. */
export function readRecipeCopy(folder: string): StudyRecipe | undefined {
  const path = recipePath(folder);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) return undefined;
    throw storageError(error, "read", path);
  }
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch (error) {
    throw new RunDirectoryError(`${path} is not valid JSON: ${(error as Error).message}. Is it damaged?`);
  }
  return parseRecipe(values, path);
}
