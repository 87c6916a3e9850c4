// COCO's result files: what a detector found, as a list of boxes and masks with scores.

import { type CocoSegmentation, parseJson, readBox, readSegmentation, recordOf, refuse } from "./coco.js";
import type { CocoBox } from "./coco-masks.js";
import { FormatError } from "./errors.js";

/** A detected object: a box, a mask, or both. */
export interface CocoResult {
  readonly imageId: number;
  readonly categoryId: number;
  readonly score: number;
  readonly box: CocoBox | undefined;
  readonly segmentation: CocoSegmentation | undefined;
}

const FORMAT = "COCO file";

/** Throws FormatError with the place of what is wrong, counted from 0. */
export function parseCocoResults(bytes: Uint8Array): CocoResult[] {
  const list = parseJson(bytes, FORMAT);
  if (!Array.isArray(list)) throw new FormatError(FORMAT, "expected a list of detections");
  return list.map((value, index) => {
    const what = `detection ${index}`;
    const { image_id: imageId, category_id: categoryId, score, bbox, segmentation } = recordOf(value, what);
    if (!Number.isSafeInteger(imageId)) refuse(what, "the image_id of an image", imageId);
    if (!Number.isSafeInteger(categoryId)) refuse(what, "the category_id of a category", categoryId);
    if (typeof score !== "number" || !Number.isFinite(score)) refuse(what, "a score", score);
    const box = bbox === undefined || (Array.isArray(bbox) && bbox.length === 0) ? undefined : readBox(bbox, what);
    const mask = readSegmentation(segmentation, what);
    if (box === undefined && mask === undefined) refuse(what, "a bbox or a segmentation", value);
    return {
      imageId: imageId as number,
      categoryId: categoryId as number,
      score: score as number,
      box,
      segmentation: mask,
    };
  });
}
