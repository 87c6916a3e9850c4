// Objects that were found, as COCO's results have them.

import type { CocoResult } from "../../formats/coco-results.js";
import { compressRuns, encodeRuns } from "../../formats/coco-rle.js";
import type { DetectedObject } from "./detect-image.js";

/** The objects of one image; `categories` are the ids of the labels. */
export function cocoResults(
  objects: readonly DetectedObject[],
  imageId: number,
  categories: readonly number[],
): CocoResult[] {
  return objects.map(({ label, score, box: [left, top, right, bottom], mask }) => ({
    imageId,
    categoryId: categories[label]!,
    score,
    box: [left, top, right - left, bottom - top],
    segmentation: mask && {
      kind: "runs",
      size: [mask.height, mask.width],
      counts: compressRuns(encodeRuns(mask.pixels, mask.height, mask.width)),
    },
  }));
}

/** A result as a file has it; boxes to a hundredth of a pixel, scores to six digits. */
export function cocoRow({ imageId, categoryId, score, box, segmentation }: CocoResult): object {
  return {
    image_id: imageId,
    category_id: categoryId,
    bbox: box?.map((value) => Number(value.toFixed(2))),
    score: Number(score.toFixed(6)),
    ...(segmentation?.kind === "runs" && { segmentation: { size: segmentation.size, counts: segmentation.counts } }),
  };
}
