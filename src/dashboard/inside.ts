// What may be read: files that truly lie within a folder that was given, wherever names and links seem to lead.

import { realpathSync } from "node:fs";
import { sep } from "node:path";

/** The real path of a folder and what it was called. */
export interface ShownFolder {
  readonly given: string;
  readonly real: string;
}

/** Whether `real`, a path without links, is the folder or within it. */
export function isWithin(folder: string, real: string): boolean {
  const prefix = folder.endsWith(sep) ? folder : folder + sep;
  return real === folder || real.startsWith(prefix);
}

/** The path without links, where it leads to something within the folder; else undefined. */
export function insideOf(folder: ShownFolder, path: string): string | undefined {
  try {
    const real = realpathSync.native(path);
    return isWithin(folder.real, real) ? real : undefined;
  } catch {
    return undefined;
  }
}
