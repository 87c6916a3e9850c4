// Image files that a person names, by themselves, by folder or by pattern, as a source.

import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { isGlob, matchGlob } from "../files/glob.js";
import { errorCode } from "../files/storage.js";
import { isWrongPath } from "../files/storage-error.js";
import { hasArrayName } from "./array-image.js";
import { SourceError } from "./errors.js";
import { arraysIn, listFolder, sourceError } from "./folder-source.js";
import { hasImageName, IMAGE_KINDS } from "./image-kind.js";
import { countOf, type ImageSource } from "./image-source.js";
import { allocateStamps } from "./image-stamps.js";
import type { ListingWatch } from "./listing-progress.js";
import { shareNames } from "./shared-names.js";

/** Paths of image files, each once, in the order in which they were named. */
export interface ImagePaths {
  readonly paths: readonly string[];
  /** Whether a path was given itself, and not found in a folder or by a pattern. */
  isNamed(index: number): boolean;
}

/**
 * The image files that paths stand for: files whatever they are called, folders with all below them (their .npy
 * arrays where they have no other images), and glob patterns.
 * Throws SourceError that names all paths at which there is nothing, or for a folder without image files.
 */
export async function findImagePaths(given: readonly string[], watch: ListingWatch = {}): Promise<ImagePaths> {
  const paths = new Map<string, { readonly path: string; readonly named: boolean }>();
  const missing: string[] = [];
  const add = (path: string, named: boolean) => {
    const key = resolve(path);
    if (named || !paths.has(key)) paths.set(key, { path, named });
  };
  const addFolder = async (folder: string) => {
    const listing = await listFolder(resolve(folder), watch);
    const { images, others } = listing.images.length > 0 ? listing : arraysIn(listing);
    for (const name of images) add(join(folder, name), false);
    return { images: images.length, others };
  };
  for (const each of given) {
    const kind = kindOf(each);
    if (kind === "folder") {
      const { images, others } = await addFolder(each);
      if (images === 0) throw noImages(each, others);
    } else if (kind === "file") add(each, true);
    else if (isGlob(each)) {
      const before = paths.size;
      for (const path of await matchGlob(each)) {
        if (kindOf(path) === "folder") await addFolder(path);
        else if (hasImageName(path) || hasArrayName(each)) add(path, false);
      }
      if (paths.size === before) missing.push(each);
    } else missing.push(each);
  }
  if (missing.length > 0) {
    throw new SourceError({
      expected: `images at ${missing.join(", ")}`,
      found: "nothing there",
      remedy: "Check the path for a slip",
    });
  }
  const found = [...paths.values()];
  return { paths: found.map(({ path }) => path), isNamed: (index) => found[index]!.named };
}

function kindOf(path: string): "folder" | "file" | undefined {
  try {
    return statSync(path).isDirectory() ? "folder" : "file";
  } catch (error) {
    if (isWrongPath(errorCode(error) ?? "")) return undefined;
    throw sourceError(path, error);
  }
}

function noImages(folder: string, others: readonly string[]): SourceError {
  return new SourceError({
    expected: `image files in ${folder} (${IMAGE_KINDS})`,
    found: others.length === 0 ? "none" : `${countOf(others.length, "other file")} (${others.slice(0, 3).join(", ")})`,
    remedy: "Check the path; archives have to be unpacked",
  });
}

/** A source over image files by path; without labels. */
export function pathSource(paths: readonly string[]): ImageSource {
  const names = shareNames(paths.map((path) => resolve(path)));
  return {
    kind: "folder",
    count: paths.length,
    description: countOf(paths.length, "image file"),
    name: (index) => paths[index]!,
    label: () => undefined,
    containers: [],
    table: { kind: "files", root: "", names, stamps: allocateStamps(paths.length) },
  };
}
