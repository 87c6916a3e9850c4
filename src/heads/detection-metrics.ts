// COCO's average precision and recall of detected boxes and masks, to the digit.
//
// The protocol is that of cocodataset/cocoapi's cocoeval.py [Lin et al., "Microsoft COCO", ECCV 2014].
import type { CocoAnnotation, CocoImage, CocoInstances } from "../formats/coco.js";
import { segmentationRuns } from "../formats/coco.js";
import { type CocoBox, type Runs, runsArea, runsBox, runsOverlap } from "../formats/coco-masks.js";
import type { CocoResult } from "../formats/coco-results.js";
import { FormatError } from "../formats/errors.js";
import { MatchedClass, type MatchedImage, matchImage } from "./detection-matching.js";

/** COCO's twelve numbers, in its own order; -1 where nothing counts. */
export const detectionMeasures = [
  ...["AP", "AP50", "AP75", "AP small", "AP medium", "AP large"],
  ...["AR 1", "AR 10", "AR 100", "AR small", "AR medium", "AR large"],
] as const;

/** The scores of boxes, or of masks. */
export interface DetectionScores {
  /** In the order of `detectionMeasures`, from 0 to 1, or -1 where nothing counts. */
  readonly measures: readonly number[];
  /** AP of each category, likewise; those without any object have -1. */
  readonly perClass: readonly { readonly name: string; readonly ap: number }[];
}

/** Undefined where no result has a box, or a mask. */
export interface DetectionReport {
  readonly bbox: DetectionScores | undefined;
  readonly segm: DetectionScores | undefined;
}

export type DetectionKind = keyof DetectionReport;

/**
 * Compares results with what is marked: anybody's, in COCO's formats. `onImage` is called as images are done. Throws
 * FormatError for a result of an unknown image, and for masks that do not fit their images; results of unknown categories
 * count for nothing, as in COCO's own evaluation.
 */
export function evaluateDetections(
  truth: CocoInstances,
  results: readonly CocoResult[],
  onImage: (done: number, count: number) => void = () => {},
): DetectionReport {
  const images = new Map(truth.images.map((image) => [image.id, image]));
  for (const [index, { imageId }] of results.entries()) {
    if (!images.has(imageId)) {
      throw new FormatError(
        "COCO results",
        `detection ${index}: expected an image of the annotations; found ${imageId}`,
      );
    }
  }
  const hasMasks = results.some(({ segmentation }) => segmentation !== undefined);
  const hasBoxes = results.some(({ box }) => box !== undefined) || !hasMasks;
  const kinds = [...(hasBoxes ? (["bbox"] as const) : []), ...(hasMasks ? (["segm"] as const) : [])];
  const found = Object.fromEntries(
    kinds.map((kind, pass) => {
      const report = (done: number) => onImage(pass * truth.images.length + done, kinds.length * truth.images.length);
      return [kind, scoresOf(kind, truth, results, report)];
    }),
  );
  return { bbox: found.bbox, segm: found.segm };
}

const MOST_DETECTIONS = 100;

interface Detected {
  readonly index: number;
  readonly result: CocoResult;
}

function scoresOf(
  kind: DetectionKind,
  { images, categories, annotations }: CocoInstances,
  results: readonly CocoResult[],
  report: (done: number) => void,
): DetectionScores {
  const marked = grouped(annotations, ({ imageId, categoryId }) => `${imageId} ${categoryId}`);
  const used = results
    .map((result, index): Detected => ({ index, result }))
    .filter(({ result }) => kind === "segm" || result.box !== undefined);
  const detected = grouped(used, ({ result }) => `${result.imageId} ${result.categoryId}`);
  const matched = categories.map(() => new MatchedClass());
  // By their ids, as COCO goes through them: of equal scores in several images, the earlier image counts first.
  for (const [done, image] of [...images].sort((a, b) => a.id - b.id).entries()) {
    for (const [place, category] of categories.entries()) {
      const key = `${image.id} ${category.id}`;
      const one = matchOf(kind, image, marked.get(key) ?? [], detected.get(key) ?? []);
      if (one !== undefined) matched[place]!.add(one);
    }
    report(done + 1);
  }
  return {
    measures: summarize(matched),
    perClass: categories.map(({ name }, place) => ({
      name,
      ap: meanOf(matched[place]!.precisions(ALL, MOST_DETECTIONS)),
    })),
  };
}

function grouped<Each>(all: readonly Each[], keyOf: (each: Each) => string): Map<string, Each[]> {
  const groups = new Map<string, Each[]>();
  for (const each of all) {
    const key = keyOf(each);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [each]);
    else group.push(each);
  }
  return groups;
}

/** Undefined where an image has neither objects nor detections of a class. */
function matchOf(
  kind: DetectionKind,
  image: CocoImage,
  objects: readonly CocoAnnotation[],
  detections: readonly Detected[],
): MatchedImage | undefined {
  if (objects.length === 0 && detections.length === 0) return undefined;
  // The sort is stable: of equal scores the first in the file is first.
  const best = [...detections].sort((a, b) => b.result.score - a.result.score).slice(0, MOST_DETECTIONS);
  const truth = objects.map(({ area, isCrowd }) => ({ area, isCrowd }));
  if (kind === "bbox") {
    const boxes = best.map(({ result }) => result.box!);
    return matchImage({
      truth,
      scores: best.map(({ result }) => result.score),
      areas: boxes.map((box) => box[2] * box[3]),
      ious: boxes.map((box) => objects.map((object) => boxIou(box, object.box, object.isCrowd))),
    });
  }
  const { height, width } = image;
  const own = best.map(({ index, result }) =>
    result.segmentation === undefined
      ? boxRuns(result.box!, height, width)
      : segmentationRuns(result.segmentation, height, width, `detection ${index}`),
  );
  const theirs = objects.map(({ id, segmentation, box }) =>
    segmentation === undefined
      ? boxRuns(box, height, width)
      : segmentationRuns(segmentation, height, width, `annotation ${id}`),
  );
  const [ownMasks, theirMasks] = [own, theirs].map((masks) =>
    masks.map((runs): Mask => ({ runs, area: runsArea(runs), box: runsBox(runs, height) })),
  ) as [Mask[], Mask[]];
  return matchImage({
    truth,
    scores: best.map(({ result }) => result.score),
    areas: ownMasks.map(({ area }) => area),
    ious: ownMasks.map((mask) => theirMasks.map((other, place) => maskIou(mask, other, truth[place]!.isCrowd))),
  });
}

/** What has a box and no mask is taken for the rectangle, as COCO's own evaluation does. */
function boxRuns([left, top, width, height]: CocoBox, rows: number, columns: number): Runs {
  const [right, bottom] = [left + width, top + height];
  const polygon = [left, top, left, bottom, right, bottom, right, top];
  return segmentationRuns({ kind: "polygons", polygons: [polygon] }, rows, columns, "a box");
}

/** Over the area of the detection alone where the object is a crowd. */
export function boxIou(detection: CocoBox, object: CocoBox, isCrowd: boolean): number {
  const across = Math.min(detection[2] + detection[0], object[2] + object[0]) - Math.max(detection[0], object[0]);
  const down = Math.min(detection[3] + detection[1], object[3] + object[1]) - Math.max(detection[1], object[1]);
  if (across <= 0 || down <= 0) return 0;
  const overlap = across * down;
  const own = detection[2] * detection[3];
  return overlap / (isCrowd ? own : own + object[2] * object[3] - overlap);
}

interface Mask {
  readonly runs: Runs;
  readonly area: number;
  readonly box: CocoBox;
}

function maskIou(detection: Mask, object: Mask, isCrowd: boolean): number {
  if (boxIou(detection.box, object.box, isCrowd) <= 0) return 0;
  const overlap = runsOverlap(detection.runs, object.runs);
  if (overlap === 0) return 0;
  return overlap / (isCrowd ? detection.area : detection.area + object.area - overlap);
}

const [ALL, SMALL, MEDIUM, LARGE] = [0, 1, 2, 3] as const;
/** IoU thresholds 0.5 and 0.75 among those from 0.5 to 0.95 by 0.05. */
const [HALF, THREE_QUARTERS] = [0, 5] as const;

function summarize(classes: readonly MatchedClass[]): number[] {
  const precision = (area: number, threshold?: number) =>
    meanOf(classes.flatMap((each) => each.precisions(area, MOST_DETECTIONS, threshold)));
  const recall = (area: number, most: number) => meanOf(classes.flatMap((each) => each.recalls(area, most)));
  return [
    ...[precision(ALL), precision(ALL, HALF), precision(ALL, THREE_QUARTERS)],
    ...[precision(SMALL), precision(MEDIUM), precision(LARGE)],
    ...[recall(ALL, 1), recall(ALL, 10), recall(ALL, 100)],
    ...[recall(SMALL, MOST_DETECTIONS), recall(MEDIUM, MOST_DETECTIONS), recall(LARGE, MOST_DETECTIONS)],
  ];
}

/** -1 where there is nothing to average. */
function meanOf(values: readonly number[]): number {
  return values.length === 0 ? -1 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
