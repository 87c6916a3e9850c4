// Opens a set of images and recognises by what is there in which form it is stored.

import { closeSync, readSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { openRegular } from "../files/regular-file.js";
import { looksLikeTar } from "../formats/tar.js";
import { hasArrayName, isArrayFile } from "./array-image.js";
import { SourceError } from "./errors.js";
import { type FolderListing, folderSource, listFolder, orSourceError } from "./folder-source.js";
import { chooseIdxFile, hasIdxName, openIdxSource, type Split } from "./idx-source.js";
import { hasImageSignature, IMAGE_KINDS } from "./image-kind.js";
import type { ImageSource } from "./image-source.js";
import type { ListingWatch } from "./listing-progress.js";
import { openTarSource } from "./tar-source.js";

/** How a set of images is opened. */
export interface SourceOptions extends ListingWatch {
  /** Which images of an IDX set that has both; default "train". */
  readonly split?: Split;
}

/**
 * Opens a folder of images, a tar archive or several, or an IDX file or folder. Throws `SourceError` where there is
 * nothing of the kind, or where a folder could be read in more than one way.
 */
export async function openSource(path: string | readonly string[], options: SourceOptions = {}): Promise<ImageSource> {
  const { split = "train", ...watch } = options;
  if (typeof path !== "string")
    return openArchives(
      path.map((one) => resolve(one)),
      watch,
    );
  const absolute = resolve(path);
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
  // Beside images of any other form, arrays are something else, such as features.
  const [arrays, others] = [true, false].map((isArray) =>
    listing.others.filter((name) => hasArrayName(name) === isArray),
  ) as [string[], string[]];
  if (arrays.length > 0) return folderSource(folder, { ...listing, images: arrays, others });
  throw new SourceError({
    expected: `images in ${folder} (${IMAGE_KINDS} files, tar archives, IDX files or .npy arrays)`,
    found: whatIsThere(listing),
    remedy: "Check the path",
  });
}

function whatIsThere(listing: FolderListing): string {
  const count = listing.others.length + listing.hidden + listing.passedOver;
  if (count === 0) return "an empty folder";
  const examples = listing.others.slice(0, 3).join(", ");
  const hidden = listing.hidden > 0 ? `, ${listing.hidden} of them hidden` : "";
  return `${count} other files${hidden}${examples === "" ? "" : ` (${examples})`}`;
}

async function openArchives(paths: readonly string[], watch: ListingWatch): Promise<ImageSource> {
  if (paths.length === 0) {
    throw new SourceError({ expected: "tar archives", found: "an empty list", remedy: "Name at least one" });
  }
  for (const path of paths) {
    if (!looksLikeTar(readStart(path))) {
      throw new SourceError({
        expected: `only tar archives in a list of paths`,
        found: `${path}, which is none`,
        remedy: "Give a folder by itself, not in a list",
      });
    }
  }
  return openTarSource(paths, watch);
}

async function openFile(path: string, watch: ListingWatch): Promise<ImageSource> {
  const start = readStart(path);
  if (looksLikeTar(start) || path.toLowerCase().endsWith(".tar")) return openTarSource([path], watch);
  if (hasImageSignature(start)) {
    throw new SourceError({
      expected: `a set of images at ${path}`,
      found: "a single image",
      remedy: `Give the folder that it lies in, ${dirname(path)}`,
    });
  }
  if (isArrayFile(start)) {
    throw new SourceError({
      expected: `a set of images at ${path}`,
      found: "a single .npy array",
      remedy: `Save each image as an array of its own, and give their folder`,
    });
  }
  const zeros = start[0] === 0 && start[1] === 0;
  if (hasIdxName(basename(path)) || zeros) return openIdxSource(path);
  throw new SourceError({
    expected: `a folder of images, a tar archive or an IDX file with images at ${path}`,
    found: start[0] === 0x1f && start[1] === 0x8b ? "a gzipped file" : "a file of another kind",
    remedy: "Unpack the set, or give the folder that the images lie in",
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
