// What a set of images looks like to the rest of the program, and where a worker finds the bytes of each.

import { join } from "node:path";
import type { ImageStamps } from "./image-stamps.js";
import type { SharedNames } from "./shared-names.js";

/** A set of images in a fixed order; indices count from 0. */
export interface ImageSource {
  readonly kind: "folder" | "tar" | "idx";
  /** How many images there are; some may turn out unreadable later. */
  readonly count: number;
  /** Names of the classes, where the set has labels. */
  readonly classes?: readonly string[];
  /** One line for people: how many images, in how many classes, of which form, and what was left out. */
  readonly description: string;
  /** The name of an image within the set. */
  name(index: number): string;
  /** The class of an image as an index into `classes`; undefined where the set has no labels. */
  label(index: number): number | undefined;
  /** What holds the images: the folders, archives or IDX files. */
  readonly containers: readonly Container[];
  /** Where the bytes are; can be sent to a worker without copying them. */
  readonly table: ImageTable;
}

/** A folder, an archive or an IDX file as it was when the set was opened. */
export interface Container {
  /** Of a folder its path within the set, "" for the set's own; of a file its name. */
  readonly name: string;
  /** Bytes of a file; null for a folder. */
  readonly size: number | null;
  /** When it was last modified, in milliseconds since 1970. */
  readonly time: number;
  /** CRC-32 of a file that is read as a whole; null for others. */
  readonly sum: number | null;
}

/** Where the images are: files of a folder, ranges of archives, or pixels that are in memory already. */
export type ImageTable =
  | {
      readonly kind: "files";
      readonly root: string;
      /** Of a set of several folders: names begin with one of these, and where that is. `root` is not used then. */
      readonly folders?: ReadonlyMap<string, string>;
      readonly names: SharedNames;
      readonly stamps: ImageStamps;
      /** Where image `i` of a part of a set has its stamp; by default at `i`. */
      readonly stampRows?: Int32Array;
    }
  | {
      readonly kind: "archives";
      readonly paths: readonly string[];
      /** For each image: which archive, and where in it. All in shared memory. */
      readonly archives: Uint32Array;
      readonly offsets: Float64Array;
      readonly sizes: Float64Array;
      readonly stamps: ImageStamps;
      readonly stampRows?: Int32Array;
    }
  | {
      readonly kind: "pixels";
      readonly width: number;
      readonly height: number;
      readonly channels: number;
      /** [count, height, width, channels] in shared memory. */
      readonly pixels: Uint8Array;
    };

/** Where an image of a table of files lies. */
export function filePath(
  { root, folders }: Pick<Extract<ImageTable, { readonly kind: "files" }>, "root" | "folders">,
  name: string,
): string {
  if (folders === undefined) return join(root, name);
  const slash = name.indexOf("/");
  return join(folders.get(name.slice(0, slash))!, name.slice(slash + 1));
}

/** "1 image", "3,786 images". */
export function countOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? noun : plural}`;
}
