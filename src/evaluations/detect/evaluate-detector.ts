// How well a detector finds the objects of a set: COCO's average precision of boxes and masks.

import { openWholeImages, type WholeImage } from "../../data/index.js";
import { SkipLog } from "../../data/skip-log.js";
import type { CocoResult } from "../../formats/coco-results.js";
import { type DetectionReport, evaluateDetections } from "../../heads/detection-metrics.js";
import { channelsOf } from "../../nn/presets.js";
import { gatherValues } from "../../processes/agreement.js";
import { shareOfRange } from "../../processes/share.js";
import { printable } from "../../terminal/printable.js";
import { formatCount } from "../../terminal/quantities.js";
import type { EventOptions } from "../../training/events.js";
import type { Warn } from "../../training/newest-checkpoint.js";
import { type EngineRequest, engineFor } from "../device.js";
import { EvaluationError } from "../errors.js";
import { ImageProgress } from "../image-progress.js";
import { predictAll } from "../predict-all.js";
import type { SetReport } from "../report.js";
import { cocoResults } from "./coco-objects.js";
import type { DetectConfig } from "./config.js";
import { createImageDetector, type DetectedObject, type ImageDetector } from "./detect-image.js";
import { type DetectionSet, type DetectionSplit, openDetectionSet } from "./detection-set.js";
import { type DetectorModel, readDetectorModel } from "./detector-model.js";

/** Which model is tested on which images. */
export interface DetectorRequest extends EngineRequest {
  /** A run of detection, or one of its checkpoints. */
  readonly from: string;
  /** The folder of the set; by default that which the model learnt from. */
  readonly images?: string | undefined;
  /** Which part of it; validation by default. */
  readonly split?: DetectionSplit | undefined;
  readonly warn?: Warn | undefined;
}

/** The result on a set: COCO's numbers, from 0 to 1, or -1 where nothing counts. */
export interface DetectorReport {
  readonly task: "detect";
  readonly from: string;
  readonly test: SetReport;
  readonly classes: readonly string[];
  readonly detail: {
    readonly boxAp: number;
    /** Null for a model without masks. */
    readonly maskAp: number | null;
    readonly bbox: readonly number[];
    readonly segm: readonly number[] | null;
    readonly perClass: readonly { readonly name: string; readonly boxAp: number; readonly maskAp: number | null }[];
  };
}

/** The result of a training on its test images, as its run keeps it. */
export interface TrainedDetectorReport extends DetectorReport {
  readonly train: { readonly source: string; readonly images: number };
  /** Of the last step. */
  readonly trainingLoss: number | null;
}

/** Throws EvaluationError, SourceError, TooManyUnreadableError and the errors of `readDetectorModel`. */
export async function evaluateDetector(request: DetectorRequest, options: EventOptions = {}): Promise<DetectorReport> {
  const progress = ImageProgress.of(options);
  const { waiting } = progress;
  const model = await waiting.during("Reading the model", () => readDetectorModel(request.from, request.warn));
  const folder = request.images ?? model.images;
  const set = await openDetectionSet(folder, request.split ?? "validation", waiting);
  checkCategories(set, model);
  const engine = await engineFor(request, model.device, progress);
  const detector = await waiting.duringBusy("Compiling the model", () => createImageDetector(model, engine));
  return testDetector(detector, { ...model, folder }, set, progress);
}

/** What of a model a report says and reading needs. */
type TestedModel = Pick<DetectorModel, "shape" | "background" | "categories" | "origin"> & { readonly folder: string };

/**
 * Tests a model that is compiled. `onImage` sees each image with its number and what was found in it. Several processes divide
 * the images.
 */
export async function testDetector(
  detector: ImageDetector,
  { shape, background, categories, origin, folder }: TestedModel,
  { source, instances }: DetectionSet,
  progress: ImageProgress,
  onImage: (image: WholeImage, index: number, objects: readonly DetectedObject[]) => void = () => {},
): Promise<DetectorReport> {
  const skipped: string[] = [];
  const skips = new SkipLog(source.count, UNREADABLE_SHARE, source.name, (each) => {
    skipped.push(each.name);
    progress.skip(each);
  });
  const images = openWholeImages(source, { channels: channelsOf(shape.encoder), background });
  const ids = categories.map(({ id }) => id);
  const results: CocoResult[] = [];
  const unread = new Set<number>();
  const { communicator } = progress;
  const share = shareOfRange(source.count, communicator);
  progress.begin("searched", share[1] - share[0]);
  try {
    const onUnreadable = (index: number, reason: string) => {
      unread.add(instances.images[index]!.id);
      skips.note(index, reason);
    };
    for await (const { index, image, predicted, done } of predictAll(detector, images, share, onUnreadable)) {
      for (const result of cocoResults(predicted, instances.images[index]!.id, ids)) results.push(result);
      onImage(image, index, predicted);
      progress.update(done);
    }
  } finally {
    progress.end();
    images.close();
  }
  const all = await gatherValues(communicator, { results, skipped, unread: [...unread] });
  const missing = new Set(all.flatMap((each) => each.unread));
  const read = {
    ...instances,
    images: instances.images.filter(({ id }) => !missing.has(id)),
    annotations: instances.annotations.filter(({ imageId }) => !missing.has(imageId)),
  };
  const report = await progress.waiting.duringBusy("Comparing with what is marked", async () =>
    evaluateDetections(
      read,
      all.flatMap((each) => each.results),
    ),
  );
  return {
    task: "detect",
    from: origin,
    test: { source: folder, images: source.count - missing.size, skipped: all.flatMap((each) => each.skipped) },
    classes: categories.map(({ name }) => name),
    detail: detailOf(report, shape.masks, categories),
  };
}

/** As where images are embedded or learnt from. */
const UNREADABLE_SHARE = 0.1;

function detailOf(
  { bbox, segm }: DetectionReport,
  hasMasks: boolean,
  categories: DetectConfig["classes"],
): DetectorReport["detail"] {
  // A model that finds nothing at all has no masks to compare.
  const nothing = new Array<number>(12).fill(0);
  const masks = hasMasks ? (segm?.measures ?? nothing) : null;
  const boxes = bbox?.measures ?? nothing;
  return {
    boxAp: boxes[0]!,
    maskAp: masks && masks[0]!,
    bbox: boxes,
    segm: masks,
    perClass: categories.map(({ name }, place) => ({
      name,
      boxAp: bbox?.perClass[place]?.ap ?? 0,
      maskAp: masks && (segm?.perClass[place]?.ap ?? 0),
    })),
  };
}

/** Throws EvaluationError where a set has other categories than a model. */
function checkCategories({ instances }: DetectionSet, { categories }: DetectorModel): void {
  const shown = (all: DetectConfig["classes"]) => all.map(({ id, name }) => `${id} ${name}`);
  const [wanted, found] = [shown(categories), shown([...instances.categories])];
  if (found.join("\n") === wanted.join("\n")) return;
  const first = (names: readonly string[]) => `${names.slice(0, 5).join(", ")}${names.length > 5 ? ", ..." : ""}`;
  throw new EvaluationError({
    expected: `the ${wanted.length} categories that the model knows: ${first(wanted)}`,
    found: `${found.length}: ${first(found)}`,
    remedy: "Give a set with the same categories",
  });
}

/** Percent with one digit; a dash where nothing counts. */
function shown(value: number | null | undefined): string {
  return value === null || value === undefined || value < 0 ? "-" : (100 * value).toFixed(1);
}

/** AP of boxes and masks, and of each class. */
export function detectorLines({ from, test, classes, detail }: DetectorReport): string[] {
  const { bbox, segm, perClass } = detail;
  const width = Math.max("class".length, ...classes.map((name) => printable(name).length));
  const row = (name: string, boxes: string, masks: string) =>
    `  ${name.padEnd(width)}  ${boxes.padStart(6)}  ${masks.padStart(6)}`;
  return [
    `${printable(from)}: ${formatCount(test.images)} images of ${classes.length} classes`,
    `AP of boxes ${shown(detail.boxAp)} (AP50 ${shown(bbox[1])}, AP75 ${shown(bbox[2])})${
      segm === null ? "" : `, of masks ${shown(detail.maskAp)} (AP50 ${shown(segm[1])}, AP75 ${shown(segm[2])})`
    }`,
    row("class", "boxes", segm === null ? "" : "masks"),
    ...perClass.map(({ name, boxAp, maskAp }) =>
      row(printable(name), shown(boxAp), segm === null ? "" : shown(maskAp)),
    ),
  ];
}
