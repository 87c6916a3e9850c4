// What a set of images looks like to the rest of the program, and where a worker finds the bytes of each.

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
  /** Where the bytes are; can be sent to a worker without copying them. */
  readonly table: ImageTable;
}

/** Where the images are: files of a folder, ranges of archives, or pixels that are in memory already. */
export type ImageTable =
  | { readonly kind: "files"; readonly root: string; readonly names: SharedNames }
  | {
      readonly kind: "archives";
      readonly paths: readonly string[];
      /** For each image: which archive, and where in it. All in shared memory. */
      readonly archives: Uint32Array;
      readonly offsets: Float64Array;
      readonly sizes: Float64Array;
    }
  | {
      readonly kind: "pixels";
      readonly width: number;
      readonly height: number;
      readonly channels: 1 | 3;
      /** [count, height, width, channels] in shared memory. */
      readonly pixels: Uint8Array;
    };

/** "1 image", "3,786 images". */
export function countOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? noun : plural}`;
}
