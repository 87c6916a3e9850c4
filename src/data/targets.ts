// What is known of each image beside its pixels, and moves with them: masks of classes, and boxes.

import { DataOptionError } from "./errors.js";
import type { ImageSource } from "./image-source.js";
import { type SharedNames, sharedName, shareNames } from "./shared-names.js";

/** Targets of the images of a source, in its order; can be sent to a worker without copying them. */
export interface Targets {
  readonly masks?: MaskFiles;
  readonly boxes?: BoxTable;
}

/** A mask file for each image. */
export interface MaskFiles {
  readonly root: string;
  /** Below `root`. */
  readonly names: SharedNames;
  /** What the values stand for; as they are where it is left out. */
  readonly labels?: MaskLabels | undefined;
}

/** What the values of masks stand for. 255 is no label, whatever else holds. */
export interface MaskLabels {
  /** How many classes there are; a mask with another label than theirs cannot be used. */
  readonly classes: number;
  /** Whether 0 is no label and class 0 is written as 1, as in ADE20K. */
  readonly fromOne: boolean;
}

/** Boxes of all images; those of image `i` are rows `first[i]` up to `first[i + 1]`. All in shared memory. */
export interface BoxTable {
  readonly first: Uint32Array;
  /** Left, top, right and bottom edge, in pixels of the image as it is stored [boxes, 4]. */
  readonly edges: Float32Array;
  /** Width and height that the edges are measured in [images, 2]. */
  readonly sizes: Uint32Array;
}

/** The boxes of one image, each with its left, top, right and bottom edge in pixels. */
export interface ImageBoxes {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly (readonly [left: number, top: number, right: number, bottom: number])[];
}

/**
 * Masks in ADE20K's layout: below `root` under the name of the image, ending in .png. They are greyscale or indexed PNG
 * files of the shape of the upright image; an image without a readable one counts as unreadable.
 */
export function maskFiles(source: ImageSource, root: string, labels?: MaskLabels): MaskFiles {
  const names = Array.from({ length: source.count }, (_, index) => source.name(index).replace(/\.\w+$/, ".png"));
  return { root, names: shareNames(names), ...(labels && { labels }) };
}

/** The mask of an image, below the masks' root. */
export function maskName({ names }: MaskFiles, index: number): string {
  return sharedName(names, index);
}

/** Throws DataOptionError for a box whose edges are no numbers or out of order. */
export function boxTable(images: readonly ImageBoxes[]): BoxTable {
  const count = images.reduce((sum, { boxes }) => sum + boxes.length, 0);
  const first = new Uint32Array(new SharedArrayBuffer(4 * (images.length + 1)));
  const edges = new Float32Array(new SharedArrayBuffer(16 * count));
  const sizes = new Uint32Array(new SharedArrayBuffer(8 * images.length));
  images.forEach(({ width, height, boxes }, image) => {
    sizes.set([width, height], 2 * image);
    first[image + 1] = first[image]! + boxes.length;
    boxes.forEach((box, place) => {
      const [left, top, right, bottom] = box;
      if (!(box.every(Number.isFinite) && left <= right && top <= bottom)) {
        throw new DataOptionError({
          expected: `box ${place} of image ${image} to have its left, top, right and bottom edge in this order`,
          found: box.join(", "),
          remedy: "Correct the annotations",
        });
      }
      edges.set(box, 4 * (first[image]! + place));
    });
  });
  return { first, edges, sizes };
}

/** Throws DataOptionError where there are not as many targets as images. */
export function checkTargets({ masks, boxes }: Targets, { count, table }: ImageSource): void {
  const counts = {
    masks: masks && masks.names.starts.length - 1,
    boxes: boxes && boxes.first.length - 1,
  };
  for (const [kind, found] of Object.entries(counts)) {
    if (found === undefined || found === count) continue;
    throw new DataOptionError({
      expected: `${kind} of each of the ${count} images`,
      found: `those of ${found}`,
      remedy: "Make the targets of the same source",
    });
  }
  if (masks !== undefined && table.kind === "pixels") {
    throw new DataOptionError({
      expected: "image files for masks to belong to",
      found: "an IDX set",
      remedy: "Give a folder or .tar shards of images",
    });
  }
}
