// A folder of image files, nested or flat; first-level sub-folders are classes.

import type { Dirent, Stats } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { FileError } from "../files/file-error.js";
import { hasArrayName } from "./array-image.js";
import { SourceError } from "./errors.js";
import { hasImageName } from "./image-kind.js";
import { type Container, countOf, type ImageSource } from "./image-source.js";
import { allocateStamps } from "./image-stamps.js";
import { ListingProgress, type ListingWatch } from "./listing-progress.js";
import { sharedName, shareNames } from "./shared-names.js";

/** What lies in a folder and below; names are relative, with "/" between parts, in one order on every system. */
export interface FolderListing {
  readonly images: readonly string[];
  /** Regular files that are not images. */
  readonly others: readonly string[];
  /** The folder itself and those below it that were read. */
  readonly folders: readonly Container[];
  /** Hidden files and folders; nothing below a hidden folder is counted. */
  readonly hidden: number;
  /** Links that lead nowhere or back to a folder that was read already, pipes and other special files. */
  readonly passedOver: number;
}

/**
 * Lists a folder and everything below. Links are followed; each real folder is read once, so loops end. Only links are
 * looked at one by one: a million files cost no more than the lists of their folders.
 */
export async function listFolder(root: string, watch: ListingWatch = {}): Promise<FolderListing> {
  const images: string[] = [];
  const others: string[] = [];
  const folders: Container[] = [];
  let hidden = 0;
  let passedOver = 0;
  const seen = new Set<string>();
  const waiting = [""];
  const progress = new ListingProgress(watch);
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const path = join(root, folder);
    const real = await attempt(path, realpath(path));
    if (seen.has(real)) {
      passedOver++;
      continue;
    }
    seen.add(real);
    folders.push({ name: folder, size: null, time: (await attempt(path, stat(path))).mtimeMs, sum: null });
    const inner: string[] = [];
    const entries = await attempt(path, readdir(path, { withFileTypes: true }));
    for (const entry of entries.sort(byName)) {
      const { name } = entry;
      const relative = folder === "" ? name : `${folder}/${name}`;
      const kind = name.startsWith(".") ? "hidden" : await kindOf(entry, join(root, relative));
      if (kind === "hidden") hidden++;
      else if (kind === "folder") inner.push(relative);
      else if (kind === "other") passedOver++;
      else if (hasImageName(name)) images.push(relative);
      else others.push(relative);
      if (progress.isDue) await progress.report(images.length + others.length);
    }
    // Popped from the end: folders come in the order of their names, each with what is below before the next.
    waiting.push(...inner.reverse());
  }
  return { images: images.sort(), others: others.sort(), folders, hidden, passedOver };
}

function byName(one: Dirent, other: Dirent): number {
  return one.name < other.name ? -1 : 1;
}

/** What an entry is; a link is what it leads to. Not asynchronous for an ordinary entry, of which there may be millions. */
function kindOf(entry: Dirent, path: string): "folder" | "file" | "other" | Promise<"folder" | "file" | "other"> {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "folder";
  if (entry.isFIFO() || entry.isSocket() || entry.isCharacterDevice() || entry.isBlockDevice()) return "other";
  // A link, or a file system that does not say.
  return followedStats(path).then((stats) => (stats?.isDirectory() ? "folder" : stats?.isFile() ? "file" : "other"));
}

/** A source over the images of a listing. Labels exist where every image lies in one of several sub-folders. */
export function folderSource(root: string, listing: FolderListing): ImageSource {
  return filesSource(listing, { root });
}

/** Where the files of a listing lie: see `ImageTable`. */
export interface FilePlaces {
  readonly root: string;
  readonly folders?: ReadonlyMap<string, string>;
}

/** The same of one folder or of several, the names of whose images begin with one of `folders`. */
export function filesSource(listing: FolderListing, { root, folders }: FilePlaces): ImageSource {
  const { images } = listing;
  const names = shareNames(images);
  const labelled = labelsFromFolders(
    folders === undefined ? images : images.map((name) => name.slice(name.indexOf("/") + 1)),
  );
  const ignored = [
    ...(listing.others.length > 0 ? [countOf(listing.others.length, "other file")] : []),
    ...(listing.hidden > 0 ? [`${listing.hidden.toLocaleString("en-US")} hidden`] : []),
    ...(listing.passedOver > 0 ? [countOf(listing.passedOver, "unusable link", "unusable links")] : []),
  ];
  const classes = labelled ? ` in ${countOf(labelled.classes.length, "class", "classes")}` : "";
  const places = folders === undefined ? "" : ` from ${countOf(folders.size, "folder")}`;
  return {
    kind: "folder",
    count: images.length,
    description: `${countOf(images.length, "image file")}${classes}${places}${ignored.length > 0 ? ` (ignored: ${ignored.join(", ")})` : ""}`,
    ...(labelled && { classes: labelled.classes }),
    name: (index) => sharedName(names, index),
    label: (index) => labelled?.labels[index],
    containers: listing.folders,
    table: { kind: "files", root, ...(folders && { folders }), names, stamps: allocateStamps(images.length) },
  };
}

function labelsFromFolders(images: readonly string[]): { classes: string[]; labels: Int32Array } | undefined {
  const classes: string[] = [];
  const numbers = new Map<string, number>();
  const labels = new Int32Array(images.length);
  for (const folder of new Set(images.map((name) => name.slice(0, Math.max(0, name.indexOf("/"))))).values()) {
    if (folder === "") return undefined;
    classes.push(folder);
  }
  if (classes.length < 2) return undefined;
  classes.sort();
  classes.forEach((name, i) => {
    numbers.set(name, i);
  });
  images.forEach((name, i) => {
    labels[i] = numbers.get(name.slice(0, name.indexOf("/")))!;
  });
  return { classes, labels };
}

/** What a path leads to; undefined where a link leads nowhere. */
async function followedStats(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ELOOP") return undefined;
    throw sourceError(path, error);
  }
}

/** Runs a file operation and turns what the system says into a `SourceError` with a remedy. */
export function orSourceError<Value>(path: string, operation: () => Value): Value {
  try {
    return operation();
  } catch (error) {
    throw sourceError(path, error);
  }
}

async function attempt<Value>(path: string, operation: Promise<Value>): Promise<Value> {
  try {
    return await operation;
  } catch (error) {
    throw sourceError(path, error);
  }
}

/** What the system says about a path, with a remedy. */
export function sourceError(path: string, error: unknown): SourceError {
  const expected = `images at ${path}`;
  if (error instanceof FileError) {
    const remedy =
      error.code === "NOT_A_FILE"
        ? "Give a folder of images, a tar archive or an IDX file"
        : "Store a set of this size as image files or as tar shards";
    return new SourceError({ expected: `${error.expected} at ${path}`, found: error.found, remedy }, { cause: error });
  }
  const code = errorCode(error);
  if (code === "ENOENT") {
    return new SourceError({ expected, found: "nothing there", remedy: "Check the path for a slip" }, { cause: error });
  }
  if (code === "EACCES" || code === "EPERM") {
    const remedy = "Give the user who runs this the right to read it";
    return new SourceError({ expected, found: "no permission to read it", remedy }, { cause: error });
  }
  const found = error instanceof Error ? error.message : String(error);
  return new SourceError({ expected, found, remedy: "Check the path and the disk" }, { cause: error });
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/**
 * A folder's .npy arrays as its images, which they are where it has none of any other form; beside such, they are something
 * else, such as features.
 */
export function arraysIn(listing: FolderListing): FolderListing {
  const [images, others] = [true, false].map((isArray) =>
    listing.others.filter((name) => hasArrayName(name) === isArray),
  ) as [string[], string[]];
  return { ...listing, images, others };
}
