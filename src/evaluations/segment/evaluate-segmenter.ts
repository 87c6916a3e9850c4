// How well a segmentation model labels the pixels of a set: mean IoU and the IoU of each class, at the images' own sizes.

import { openWholeImages, type WholeImage } from "../../data/index.js";
import { SkipLog } from "../../data/skip-log.js";
import { SegmentationCounts, type SegmentationResult } from "../../heads/segmentation-metrics.js";
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
import { type ImageModel, predictAll } from "../predict-all.js";
import { percent, type SetReport } from "../report.js";
import { createSegmenter, type SegmentInference } from "./inference.js";
import { readSegmentationModel, type SegmentationModel } from "./segmentation-model.js";
import { openSegmentationSet, type SegmentationSet, type SegmentationSplit } from "./segmentation-set.js";

/** Which model is tested on which images with masks. */
export interface SegmenterRequest extends EngineRequest {
  /** A run of segmentation, or one of its checkpoints. */
  readonly from: string;
  /** The folder of the set; by default that which the model learnt from. */
  readonly images?: string | undefined;
  /** Which part of it; validation by default. */
  readonly split?: SegmentationSplit | undefined;
  /** "slide" by default. */
  readonly inference?: SegmentInference | undefined;
  readonly warn?: Warn | undefined;
}

/** The result on a set; shares are from 0 to 1. */
export interface SegmenterReport {
  readonly task: "segment";
  readonly from: string;
  readonly test: SetReport;
  readonly classes: readonly string[];
  readonly detail: SegmentationResult;
}

/** The result of a training on its test images, as its run keeps it. */
export interface TrainedSegmenterReport extends SegmenterReport {
  readonly train: { readonly source: string; readonly images: number };
  /** Of the last step. */
  readonly trainingLoss: number | null;
}

/** Throws EvaluationError, SourceError, TooManyUnreadableError and the errors of `readSegmentationModel`. */
export async function evaluateSegmenter(
  request: SegmenterRequest,
  options: EventOptions = {},
): Promise<SegmenterReport> {
  const progress = ImageProgress.of(options);
  const model = await progress.waiting.during("Reading the model", () =>
    readSegmentationModel(request.from, request.warn),
  );
  const folder = request.images ?? model.images;
  const whole = request.images !== undefined && request.images !== model.images;
  const set = await openSegmentationSet(folder, request.split ?? "validation", { waits: progress.waiting, whole });
  checkClasses(set, model);
  const engine = await engineFor(request, model.device, progress);
  const segmenter = await progress.waiting.duringBusy("Compiling the model", () =>
    createSegmenter(model, engine, request.inference),
  );
  return testSegmenter(segmenter, { ...model, folder }, set, progress);
}

/** What of a model a report says and reading needs. */
type TestedModel = Pick<SegmentationModel, "shape" | "background" | "classes" | "origin"> & { readonly folder: string };

/**
 * Tests a model that is compiled. `onImage` sees each image with its mask and what was predicted. Several processes divide
 * the images.
 */
export async function testSegmenter(
  segmenter: ImageModel<Uint8Array>,
  { shape, background, classes, origin, folder }: TestedModel,
  { source, masks }: SegmentationSet,
  progress: ImageProgress,
  onImage: (image: Required<WholeImage>, predicted: Uint8Array) => void = () => {},
): Promise<SegmenterReport> {
  const skipped: string[] = [];
  const skips = new SkipLog(source.count, UNREADABLE_SHARE, source.name, (each) => {
    skipped.push(each.name);
    progress.skip(each);
  });
  const counts = new SegmentationCounts(classes);
  const images = openWholeImages(source, { channels: channelsOf(shape.encoder), background, masks });
  const { communicator } = progress;
  const share = shareOfRange(source.count, communicator);
  progress.begin("segmented", share[1] - share[0]);
  try {
    const onUnreadable = (index: number, reason: string) => skips.note(index, reason);
    for await (const { image, predicted, done } of predictAll(segmenter, images, share, onUnreadable)) {
      counts.add(predicted, image.mask!);
      onImage(image as Required<WholeImage>, predicted);
      progress.update(done);
    }
  } finally {
    progress.end();
    images.close();
  }
  for (const counted of counts.arrays) await communicator.sum(counted);
  const unread = (await gatherValues(communicator, skipped)).flat();
  return {
    task: "segment",
    from: origin,
    test: { source: folder, images: source.count - unread.length, skipped: unread },
    classes,
    detail: counts.result(),
  };
}

/** As where images are embedded or learnt from. */
const UNREADABLE_SHARE = 0.1;

/** Throws EvaluationError where a set has other classes than a model. */
function checkClasses({ classes }: SegmentationSet, model: SegmentationModel): void {
  if (classes.join("\n") === model.classes.join("\n")) return;
  const shown = (names: readonly string[]) => `${names.slice(0, 5).join(", ")}${names.length > 5 ? ", ..." : ""}`;
  throw new EvaluationError({
    expected: `the ${model.classes.length} classes that the model knows: ${shown(model.classes)}`,
    found: `${classes.length}: ${shown(classes)}`,
    remedy: "Give a set with the same classes in the same order",
  });
}

const MOST_CLASSES = 30;

/** Mean IoU, accuracy, and a line for each class. */
export function segmenterLines({ from, test, classes, detail }: SegmenterReport): string[] {
  const known = detail.perClass.filter(({ iou }) => iou !== null);
  const shown =
    known.length <= MOST_CLASSES ? known : [...known].sort((a, b) => a.iou! - b.iou!).slice(0, MOST_CLASSES);
  const title = known.length <= MOST_CLASSES ? "class" : `the ${MOST_CLASSES} classes with the lowest IoU`;
  const width = Math.max(title.length, ...shown.map(({ name }) => printable(name).length));
  return [
    `${printable(from)}: ${formatCount(test.images)} images of ${classes.length} classes`,
    `mean IoU ${percent(detail.meanIou)}, ${percent(detail.pixelAccuracy)} of the pixels`,
    `  ${title.padEnd(width)}     IoU  pixels`,
    ...shown.map(
      ({ name, iou, pixels }) =>
        `  ${printable(name).padEnd(width)}  ${percent(iou).padStart(6)}  ${formatCount(pixels)}`,
    ),
  ];
}
