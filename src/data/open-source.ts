// Opens a set of images, of one path or several, and recognises by what is there in which form it is stored.

import { closeSync, readSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { openRegular } from "../files/regular-file.js";
import { looksLikeTar } from "../formats/tar.js";
import { isArrayFile } from "./array-image.js";
import { type Finding, SourceError } from "./errors.js";
import { arraysIn, type FolderListing, folderSource, listFolder, orSourceError } from "./folder-source.js";
import { chooseIdxFile, hasIdxName, openIdxSource, type Split } from "./idx-source.js";
import { hasImageSignature, IMAGE_KINDS } from "./image-kind.js";
import type { ImageSource } from "./image-source.js";
import type { ListingWatch } from "./listing-progress.js";
import { packedFinding, packedFindingIn } from "./packed-file.js";
import { type ImageFolder, severalFolders, singleImage } from "./several-sources.js";
import { openTarSource } from "./tar-source.js";

/** How a set of images is opened. */
export interface SourceOptions extends ListingWatch {
  /** Which images of an IDX set that has both; default "train". */
  readonly split?: Split;
}

/**
 * Opens folders of images and single image files, tar archives, or an IDX file or folder. Several paths are one set: either
 * folders and images, or archives and folders of them. Throws `SourceError` where there is nothing of the kind, or where it
 * could be read in more than one way.
 */
export async function openSource(path: string | readonly string[], options: SourceOptions = {}): Promise<ImageSource> {
  const { split = "train", ...watch } = options;
  if (typeof path !== "string" && path.length !== 1) {
    return openSeveral(
      path.map((one) => resolve(one)),
      watch,
    );
  }
  const absolute = resolve([path].flat()[0]!);
  const stats = orSourceError(absolute, () => statSync(absolute));
  if (stats.isDirectory()) return openFolder(absolute, split, watch);
  return openFile(absolute, watch);
}

async function openFolder(folder: string, split: Split, watch: ListingWatch): Promise<ImageSource> {
  const listing = await listFolder(folder, watch);
  const tars = listing.others.filter((name) => name.toLowerCase().endsWith(".tar"));
  const idx = listing.others.filter(hasIdxName);
  const forms = [listing.images.length > 0, tars.length > 0, idx.length > 0].filter(Boolean).length;
  if (forms > 1) {
    throw new SourceError({
      expected: `one form of images in ${folder}`,
      found: `${listing.images.length} image files, ${tars.length} tar archives and ${idx.length} IDX files`,
      remedy: "Give the sub-folder or the files that you mean",
    });
  }
  if (listing.images.length > 0) return folderSource(folder, listing);
  if (tars.length > 0) {
    return openTarSource(
      tars.map((name) => resolve(folder, name)),
      watch,
    );
  }
  if (idx.length > 0) return openIdxSource(chooseIdxFile(folder, idx, split));
  const arrays = arraysIn(listing);
  if (arrays.images.length > 0) return folderSource(folder, arrays);
  throw withoutImages(folder, listing);
}

function withoutImages(folder: string, listing: FolderListing): SourceError {
  return new SourceError({
    expected: `images in ${folder} (${IMAGE_KINDS} files, tar archives, IDX files or .npy arrays)`,
    ...(packedFindingIn(folder, listing.others) ?? { found: whatIsThere(listing), remedy: "Check the path" }),
  });
}

function whatIsThere(listing: FolderListing): string {
  const count = listing.others.length + listing.hidden + listing.passedOver;
  if (count === 0) return "an empty folder";
  const examples = listing.others.slice(0, 3).join(", ");
  const hidden = listing.hidden > 0 ? `, ${listing.hidden} of them hidden` : "";
  return `${count} other files${hidden}${examples === "" ? "" : ` (${examples})`}`;
}

/** Several paths as one set. */
async function openSeveral(paths: readonly string[], watch: ListingWatch): Promise<ImageSource> {
  const folders: ImageFolder[] = [];
  const archives: string[] = [];
  for (const path of paths) {
    const stats = orSourceError(path, () => statSync(path));
    if (!stats.isDirectory()) {
      const start = readStart(path);
      if (isTar(path, start)) archives.push(path);
      else if (hasImageSignature(start)) folders.push(singleImage(path));
      else if (isArrayFile(start)) throw singleArray(path);
      else throw notInList(path, packedFinding(path, start));
      continue;
    }
    const listing = await listFolder(path, watch);
    const tars = listing.others.filter((name) => name.toLowerCase().endsWith(".tar"));
    const hasIdx = listing.others.some(hasIdxName);
    const arrays = arraysIn(listing);
    if (listing.images.length > 0 && tars.length === 0) folders.push({ path, listing });
    else if (listing.images.length === 0 && tars.length > 0) archives.push(...tars.map((name) => resolve(path, name)));
    else if (hasIdx || tars.length > 0) throw notInList(path);
    else if (arrays.images.length > 0) folders.push({ path, listing: arrays });
    else throw withoutImages(path, listing);
  }
  if (folders.length > 0 && archives.length > 0) {
    throw new SourceError({
      expected: "one form of images in a list of paths",
      found: `folders or images such as ${folders[0]!.path}, and tar archives such as ${archives[0]}`,
      remedy: "Give one or the other",
    });
  }
  if (paths.length === 0) {
    throw new SourceError({ expected: "images", found: "an empty list of paths", remedy: "Name at least one" });
  }
  return folders.length > 0 ? severalFolders(folders) : openTarSource(archives, watch);
}

function notInList(path: string, packed?: Omit<Finding, "expected">): SourceError {
  return new SourceError({
    expected: "only folders of images and images, or only tar archives, in a list of paths",
    found: `${path}, which is ${packed?.found ?? "neither"}`,
    remedy: packed?.remedy ?? "Give it by itself, not in a list",
  });
}

/** It may hold many images, which are no set of files. */
function singleArray(path: string): SourceError {
  return new SourceError({
    expected: `a set of images at ${path}`,
    found: "a single .npy array",
    remedy: "Save each image as an array of its own, and give their folder",
  });
}

function isTar(path: string, start: Uint8Array): boolean {
  return looksLikeTar(start) || path.toLowerCase().endsWith(".tar");
}

async function openFile(path: string, watch: ListingWatch): Promise<ImageSource> {
  const start = readStart(path);
  if (isTar(path, start)) return openTarSource([path], watch);
  if (hasImageSignature(start)) return severalFolders([singleImage(path)]);
  if (isArrayFile(start)) throw singleArray(path);
  const zeros = start[0] === 0 && start[1] === 0;
  if (hasIdxName(basename(path)) || zeros) return openIdxSource(path);
  throw new SourceError({
    expected: `a folder of images, an image, a tar archive or an IDX file with images at ${path}`,
    ...(packedFinding(path, start) ?? {
      found: start[0] === 0x1f && start[1] === 0x8b ? "a gzipped file" : "a file of another kind",
      remedy: "Unpack the set, or give the folder that the images lie in",
    }),
  });
}

function readStart(path: string): Uint8Array {
  return orSourceError(path, () => {
    const { descriptor: file } = openRegular(path);
    try {
      const bytes = Buffer.alloc(512);
      return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0));
    } finally {
      closeSync(file);
    }
  });
}
