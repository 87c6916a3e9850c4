// Images with class masks on disk: ADE20K's folders, composed scenes, and a plain pair of folders.

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { type ImageSource, type MaskFiles, maskFiles, selectImages } from "../../data/index.js";
import { readTextIfThere } from "../../files/storage.js";
import type { PngColor } from "../../formats/png-values.js";
import { IGNORED } from "../../heads/segmentation-metrics.js";
import { randomStream } from "../../random/index.js";
import type { Waits } from "../../terminal/waiting.js";
import { openImages } from "../../training/open-images.js";
import { EvaluationError } from "../errors.js";
import { maskColors } from "./mask-colors.js";
import { largestLabel } from "./mask-labels.js";

export type SegmentationSplit = "training" | "validation";

/** How a set lies on disk. */
export type SegmentationLayout = "ade20k" | "scenes" | "pair";

/** One part of a set. */
export interface SegmentationSet {
  readonly layout: SegmentationLayout;
  /** By the labels that masks are read as: class 0 first. */
  readonly classes: readonly string[];
  readonly source: ImageSource;
  readonly masks: MaskFiles;
  /** Of the classes, where the masks are stored with colours. */
  readonly colors: readonly PngColor[] | undefined;
}

/** The most classes that masks of 8 bits can tell apart beside pixels without a label. */
const MOST_CLASSES = IGNORED;
const ADE20K_CLASSES = 150;
/** Of a pair of folders without parts: the share of the images that is tested on. */
const HELD_OUT = 0.2;

/**
 * Opens a part of the set in a folder. `whole` takes all images of a pair of folders that has no parts; otherwise a fifth of
 * them, drawn once and for all, is the validation part. Throws EvaluationError, SourceError, StorageError.
 */
export async function openSegmentationSet(
  folder: string,
  split: SegmentationSplit,
  { waits, whole = false }: { readonly waits?: Waits | undefined; readonly whole?: boolean } = {},
): Promise<SegmentationSet> {
  const layout = layoutOf(folder);
  if (layout === "pair") return openPair(folder, split, waits, whole);
  const source = await openImages(join(folder, "images", split), "train", waits);
  const root = join(folder, "annotations", split);
  const names = namesIn(folder, "classes.txt");
  if (layout === "scenes") {
    const classes = ["background", ...required(names, join(folder, "classes.txt"))];
    return withMasks({ layout, classes, source }, root);
  }
  const classes = names ?? objectNames(folder) ?? numbered(ADE20K_CLASSES, 1);
  return withMasks({ layout, classes, source }, root);
}

function layoutOf(folder: string): SegmentationLayout {
  if (isFolder(join(folder, "images"))) {
    if (isFolder(join(folder, "annotations"))) return existsSync(join(folder, "scenes.json")) ? "scenes" : "ade20k";
    if (isFolder(join(folder, "masks"))) return "pair";
  }
  throw new EvaluationError({
    expected:
      `images with class masks in ${folder}: images/training and annotations/training, as ADE20K and mixedae data compose ` +
      "have them, or the folders images and masks",
    found: existsSync(folder) ? "a folder without these" : "no such folder",
    remedy: "Give the folder that holds both. To make a set: mixedae data compose CUTOUTS --out FOLDER",
  });
}

async function openPair(
  folder: string,
  split: SegmentationSplit,
  waits: Waits | undefined,
  whole: boolean,
): Promise<SegmentationSet> {
  const hasParts = isFolder(join(folder, "images", "training")) || isFolder(join(folder, "images", "validation"));
  const within = hasParts ? [split] : [];
  const all = await openImages(join(folder, "images", ...within), "train", waits);
  const source = hasParts || whole ? all : heldOut(all, split);
  const root = join(folder, "masks", ...within);
  const named = namesIn(folder, "classes.txt");
  // Where nobody names them, the classes are all numbers up to the largest that is in a mask.
  const classes = named ?? numbered((await largestLabel(maskFiles(all, root), all, waits)) + 1, 0);
  return withMasks({ layout: "pair", classes, source }, root);
}

function withMasks(set: Pick<SegmentationSet, "layout" | "classes" | "source">, root: string): SegmentationSet {
  const { layout, classes, source } = set;
  const masks = maskFiles(source, root, { classes: classes.length, fromOne: layout === "ade20k" });
  return { ...set, masks, colors: maskColors(masks, source.count) };
}

function heldOut(source: ImageSource, split: SegmentationSplit): ImageSource {
  const order = randomStream(0, "held-out masks", 0, 0).permutation(source.count);
  const tested = Math.max(1, Math.round(HELD_OUT * source.count));
  if (source.count < 2) {
    throw new EvaluationError({
      expected: "at least two images with masks, one to learn from and one to test on",
      found: source.description,
      remedy: "Add images, or put them into images/training and images/validation",
    });
  }
  const chosen = split === "validation" ? order.subarray(0, tested) : order.subarray(tested);
  return selectImages(source, chosen.slice().sort());
}

/** A name in each line; undefined where there is no such file. */
function namesIn(folder: string, file: string): string[] | undefined {
  const path = join(folder, file);
  const text = readTextIfThere(path);
  if (text === undefined) return undefined;
  const names = text.split(/\r?\n/).map((line) => line.trim());
  while (names.at(-1) === "") names.pop();
  return checkedNames(names, path);
}

function checkedNames(names: string[], path: string): string[] {
  if (names.length > 0 && names.length <= MOST_CLASSES && names.every((name) => name !== "")) return names;
  throw new EvaluationError({
    expected: `1 to ${MOST_CLASSES} names of classes in ${path}, a line each`,
    found: names.includes("") ? "an empty line between them" : `${names.length}`,
    remedy: "Correct the file",
  });
}

function required(names: string[] | undefined, path: string): string[] {
  if (names !== undefined) return names;
  throw new EvaluationError({
    expected: `the names of the classes in ${path}, as mixedae data compose writes them`,
    found: "no such file",
    remedy: "Let mixedae data compose finish the set",
  });
}

/** The names that come with ADE20K: a table whose last column they are. */
function objectNames(folder: string): string[] | undefined {
  const lines = namesIn(folder, "objectInfo150.txt");
  if (lines === undefined) return undefined;
  const names = lines.filter((line) => /^\d/.test(line)).map((line) => line.split("\t").at(-1)!.trim());
  return checkedNames(names, join(folder, "objectInfo150.txt"));
}

function numbered(count: number, first: number): string[] {
  return Array.from({ length: count }, (_, index) => `class ${index + first}`);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
