// Where results may be written: not over other files unasked, never over what they are made from or among the images.

import { lstatSync, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { access, constants } from "node:fs/promises";
import { dirname, extname, join, resolve } from "node:path";
import { errorCode, makeFolder, storageError } from "../files/storage.js";
import { OutputError } from "./errors.js";

/** Paths of sets of images, as a configuration or a request has them. */
export type SourcePaths = string | readonly string[] | null | undefined;

export interface OutputRules {
  /** Whether files that have the names may be replaced. */
  readonly overwrite?: boolean | undefined;
  /** Files that the results are made from: these are never replaced. */
  readonly inputs?: readonly string[];
  /** Sets of images that pictures must not become part of. */
  readonly sources?: readonly SourcePaths[];
}

/**
 * For every function that writes files by name, before it computes anything: makes the folders that the files will lie
 * in. Throws OutputError where a file must not be written, StorageError where the folder cannot be.
 */
export async function prepareOutputs(files: readonly string[], rules: OutputRules = {}): Promise<void> {
  for (const file of files) checkOutput(file, rules);
  for (const folder of new Set(files.map((file) => dirname(file)))) await makeOutputFolder(folder);
}

/** Makes a folder for results, and those above it. Throws StorageError, also where nothing can be written into it. */
export async function makeOutputFolder(folder: string): Promise<void> {
  await makeFolder(folder);
  try {
    await access(folder, constants.W_OK);
  } catch (error) {
    throw storageError(error, "write into the folder", folder);
  }
}

function checkOutput(file: string, { overwrite = false, inputs = [], sources = [] }: OutputRules): void {
  const remedy = "Choose another name for the output";
  const input = inputs.find((each) => isSamePath(each, file));
  if (input !== undefined) {
    throw new OutputError({
      expected: "an output other than what it is made from",
      found: input === file ? `${file} as both` : `${file}, which is ${input}`,
      remedy,
    });
  }
  const found = entryAt(file);
  if (found?.isDirectory()) {
    throw new OutputError({ expected: "the name of a file for the output", found: `the folder ${file}`, remedy });
  }
  if (found !== undefined && !overwrite) {
    throw new OutputError({
      expected: "a name for the output that is free",
      found: `a file at ${file}`,
      remedy: "Choose another name, or add --overwrite to replace it",
    });
  }
  if (extname(file).toLowerCase() === ".png") refuseAmongImages(dirname(file), sources, { what: file });
}

/** What has the name, a link itself included; undefined where nothing has, or none of the folders above exists. */
function entryAt(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) return undefined;
    throw storageError(error, "look at", path);
  }
}

interface Placement {
  /** What would be written, for the message; by default the folder itself. */
  readonly what?: string;
  /** Folders that are going to be filled with pictures: a set must not lie in them either. */
  readonly filled?: readonly string[];
}

/**
 * Throws OutputError where pictures that are written into `folder` or below would become part of a set of images.
 * Links are followed, those of the set's own folders included.
 */
export function refuseAmongImages(
  folder: string,
  sources: readonly SourcePaths[],
  { what = folder, filled = [] }: Placement = {},
): void {
  for (const source of sources.flatMap((paths) => paths ?? [])) {
    const among =
      imageFolders(source).some((images) => isWithin(folder, images)) || filled.some((each) => isWithin(source, each));
    if (!among) continue;
    throw new OutputError({
      expected: `a place for the output outside the images in ${source}`,
      found: `${what}, whose pictures would become images of that set`,
      remedy: "Choose another place for the output",
    });
  }
}

/** A set's path, and the folders of classes that are links to elsewhere. */
function imageFolders(source: string): string[] {
  try {
    const links = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isSymbolicLink());
    return [source, ...links.map(({ name }) => join(source, name)).filter((path) => isFolder(path))];
  } catch {
    // A file, or nothing that could be read: whoever opens it says so.
    return [source];
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Whether a path is `folder` or lies below it, whatever names and links lead there. False where there is no folder. */
function isWithin(path: string, folder: string): boolean {
  const wanted = identityOf(folder);
  if (wanted === undefined) return false;
  for (let place = existingPart(path); ; place = dirname(place)) {
    if (identityOf(place) === wanted) return true;
    if (dirname(place) === place) return false;
  }
}

/** The real path of a path, as far as it exists. */
function existingPart(path: string): string {
  for (let place = resolve(path); ; place = dirname(place)) {
    try {
      return realpathSync(place);
    } catch {
      if (dirname(place) === place) return place;
    }
  }
}

function isSamePath(path: string, other: string): boolean {
  if (resolve(path) === resolve(other)) return true;
  const identity = identityOf(path);
  return identity !== undefined && identity === identityOf(other);
}

/** The device and number of what lies at a path, which are the same by all of its names; undefined where nothing does. */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
