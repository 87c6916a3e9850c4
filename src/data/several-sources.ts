// Several folders of images, or single images, as one set.

import type { Stats } from "node:fs";
import { realpathSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, relative } from "node:path";
import { SourceError } from "./errors.js";
import { type FolderListing, filesSource, orSourceError } from "./folder-source.js";
import type { Container, ImageSource } from "./image-source.js";

/** A folder of a set, with the images in it that belong to the set. */
export interface ImageFolder {
  readonly path: string;
  readonly listing: FolderListing;
}

/** An image that was named by itself, as a folder of which nothing else is taken. */
export function singleImage(path: string): ImageFolder {
  const folder = dirname(path);
  const { mtimeMs: time }: Stats = orSourceError(folder, () => statSync(folder));
  const container: Container = { name: "", size: null, time, sum: null };
  return {
    path: folder,
    listing: { images: [basename(path)], others: [], folders: [container], hidden: 0, passedOver: 0 },
  };
}

/**
 * One set of all of them, in this order. Names begin with the name of their folder, with a number behind it where an earlier
 * one has the same. Labels exist where every image lies in a sub-folder of its folder; sub-folders with one name are one
 * class. Throws SourceError where an image would be in the set twice.
 */
export function severalFolders(given: readonly ImageFolder[]): ImageSource {
  const parts = joined(given);
  refuseNested(parts);
  const [only] = parts;
  if (parts.length === 1) return filesSource(only!.listing, { root: only!.path });
  const folders = new Map<string, string>();
  const listings = parts.map(({ path, listing }): FolderListing => {
    const label = freeName(basename(path) || "root", folders);
    folders.set(label, path);
    return {
      ...listing,
      images: listing.images.map((name) => `${label}/${name}`),
      folders: listing.folders.map((each) => ({ ...each, name: each.name === "" ? label : `${label}/${each.name}` })),
    };
  });
  return filesSource(
    {
      images: listings.flatMap(({ images }) => images),
      others: listings.flatMap(({ others }) => others),
      folders: listings.flatMap((listing) => listing.folders),
      hidden: listings.reduce((sum, { hidden }) => sum + hidden, 0),
      passedOver: listings.reduce((sum, { passedOver }) => sum + passedOver, 0),
    },
    { root: "", folders },
  );
}

/** Images that were named one by one and lie in one folder are one part. */
function joined(given: readonly ImageFolder[]): ImageFolder[] {
  const parts = new Map<string, { readonly first: ImageFolder; readonly images: Set<string> }>();
  for (const each of given) {
    const part = parts.get(each.path);
    if (part === undefined) {
      parts.set(each.path, { first: each, images: new Set(each.listing.images) });
      continue;
    }
    for (const name of each.listing.images) {
      if (part.images.has(name)) throw givenTwice(`${each.path}/${name}`);
      part.images.add(name);
    }
  }
  return [...parts.values()].map(({ first, images }) => ({
    ...first,
    listing: { ...first.listing, images: [...images] },
  }));
}

function refuseNested(parts: readonly ImageFolder[]): void {
  const real = parts.map(({ path }) => orSourceError(path, () => realpathSync(path)));
  for (const [row, inner] of real.entries()) {
    for (const [other, outer] of real.entries()) {
      if (row === other) continue;
      const way = relative(outer, inner).replaceAll("\\", "/");
      if (way === ".." || way.startsWith("../") || isAbsolute(way)) continue;
      // Of a folder that single images were named of, only these count.
      const names = new Set(parts[other]!.listing.images);
      const twice = parts[row]!.listing.images.find((name) => names.has(way === "" ? name : `${way}/${name}`));
      if (twice !== undefined) throw givenTwice(`${parts[row]!.path}/${twice}`);
    }
  }
}

function givenTwice(path: string): SourceError {
  return new SourceError({
    expected: "each image of a set once",
    found: `${path} twice`,
    remedy: "Leave out the folder that lies in another one, or what is named a second time",
  });
}

function freeName(name: string, taken: ReadonlyMap<string, string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${name}-${number}`;
  return free;
}
