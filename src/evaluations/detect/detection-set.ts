// Images with objects marked in them: COCO's folders and composed scenes, their two parts.

import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type BoxTable, boxTable, type ImageSource, selectImages } from "../../data/index.js";
import { readBytes } from "../../files/regular-file.js";
import {
  type CocoAnnotation,
  type CocoInstances,
  LARGEST_COCO_FILE,
  parseCocoInstances,
  segmentationRuns,
} from "../../formats/coco.js";
import { FormatError } from "../../formats/errors.js";
import type { ObjectMask } from "../../heads/detection/object-masks.js";
import type { Waits } from "../../terminal/waiting.js";
import { openImages } from "../../training/open-images.js";
import { DamagedFileError, EvaluationError } from "../errors.js";

export type DetectionSplit = "training" | "validation";

/** One part of a set. */
export interface DetectionSet {
  /** In the order of the labels. */
  readonly classes: readonly string[];
  /** In the order of `instances.images`. */
  readonly source: ImageSource;
  readonly instances: CocoInstances;
  /** The objects to learn from, image by image: no crowds, and none without an extent. */
  readonly objects: readonly (readonly CocoAnnotation[])[];
  /** Their boxes. */
  readonly boxes: BoxTable;
  /** Of the file of annotations, SHA-256 in hexadecimal. */
  readonly checksum: string;
  /** The label of a category. */
  labelOf(categoryId: number): number;
}

/** Where a part of a set lies. */
interface Part {
  readonly annotations: string;
  readonly images: string;
}

/** Opens a part of the set in a folder. Throws EvaluationError, DamagedFileError, SourceError. */
export async function openDetectionSet(folder: string, split: DetectionSplit, waits?: Waits): Promise<DetectionSet> {
  const { annotations, images } = partOf(folder, split);
  const { instances, checksum } = readInstances(annotations);
  const listed = await openImages(images, "train", waits);
  const source = selectImages(listed, placesOf(instances, listed, annotations, images));
  const classes = instances.categories.map(({ name }) => name);
  if (classes.length === 0) {
    throw new EvaluationError({
      expected: `the categories of the objects in ${annotations}`,
      found: "none",
      remedy: "Give annotations with at least one category",
    });
  }
  const labels = new Map(instances.categories.map(({ id }, label) => [id, label]));
  const byImage = new Map<number, CocoAnnotation[]>(instances.images.map(({ id }) => [id, []]));
  for (const annotation of instances.annotations) {
    const [, , width, height] = annotation.box;
    if (!annotation.isCrowd && width > 0 && height > 0) byImage.get(annotation.imageId)!.push(annotation);
  }
  const objects = instances.images.map(({ id }) => byImage.get(id)!);
  const boxes = boxTable(
    instances.images.map(({ width, height }, image) => ({
      width,
      height,
      boxes: objects[image]!.map(({ box: [left, top, across, down] }) => [left, top, left + across, top + down]),
    })),
  );
  return { classes, source, instances, objects, boxes, checksum, labelOf: (id) => labels.get(id)! };
}

/** The mask of an object; undefined where none is marked. Throws FormatError. */
export function objectMask(
  { id, segmentation }: CocoAnnotation,
  { width, height }: { readonly width: number; readonly height: number },
): ObjectMask | undefined {
  if (segmentation === undefined) return undefined;
  const runs = segmentationRuns(segmentation, height, width, `annotation ${id}`);
  const pixels = new Uint8Array(width * height);
  let place = 0;
  for (let run = 0; run < runs.length; run++) {
    const end = place + runs[run]!;
    if (run % 2 === 1) {
      for (let at = place; at < end; at++) pixels[(at % height) * width + Math.floor(at / height)] = 1;
    }
    place = end;
  }
  return { width, height, pixels };
}

/** instances_training.json beside images/training, or COCO's annotations/instances_train2017.json beside train2017. */
function partOf(folder: string, split: DetectionSplit): Part {
  const composed = { annotations: join(folder, `instances_${split}.json`), images: join(folder, "images", split) };
  if (existsSync(composed.annotations)) return composed;
  const prefix = split === "training" ? "train" : "val";
  const names = existsSync(join(folder, "annotations")) ? readdirSync(join(folder, "annotations")) : [];
  const years = names.flatMap((name) => new RegExp(`^instances_(${prefix}\\d*)\\.json$`).exec(name)?.[1] ?? []);
  const newest = years.sort().at(-1);
  if (newest !== undefined) {
    return { annotations: join(folder, "annotations", `instances_${newest}.json`), images: join(folder, newest) };
  }
  throw new EvaluationError({
    expected:
      `objects marked in ${folder}: instances_${split}.json with images/${split}, as mixedae data compose makes them, or COCO's ` +
      `annotations/instances_${prefix}2017.json with ${prefix}2017`,
    found: existsSync(folder) ? "a folder without these" : "no such folder",
    remedy: "Give the folder that holds both. To make a set: mixedae data compose CUTOUTS --out FOLDER",
  });
}

function readInstances(path: string): { readonly instances: CocoInstances; readonly checksum: string } {
  try {
    const bytes = readBytes(path, LARGEST_COCO_FILE);
    return { instances: parseCocoInstances(bytes), checksum: createHash("sha256").update(bytes).digest("hex") };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new DamagedFileError({
      expected: `instances in COCO's format in ${path}`,
      found: error.message,
      remedy: "Correct it",
    });
  }
}

/** Where the images of the annotations are among those that were listed. Throws EvaluationError where some are missing. */
function placesOf({ images }: CocoInstances, listed: ImageSource, annotations: string, folder: string): Int32Array {
  const places = new Map(Array.from({ length: listed.count }, (_, index) => [listed.name(index), index]));
  const missing = images.filter(({ name }) => !places.has(name));
  if (missing.length > 0 || images.length === 0) {
    throw new EvaluationError({
      expected: `the images of ${annotations} in ${folder}`,
      found:
        images.length === 0
          ? "annotations of no image"
          : `${missing.length} of ${images.length} missing, such as ${missing[0]!.name}`,
      remedy: "Add them, or leave them out of the annotations",
    });
  }
  return Int32Array.from(images, ({ name }) => places.get(name)!);
}
