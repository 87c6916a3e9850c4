// What every evaluation reports, as a table, as JSON, and as a picture beside it.

import { z } from "zod";
import { LARGEST_LIST, readText } from "../files/regular-file.js";
import { errorCode, storageError } from "../files/storage.js";
import type { ClassificationResult } from "../heads/classification-metrics.js";
import { confusionPicture } from "../pictures/confusion-picture.js";
import { printable } from "../terminal/printable.js";
import { formatCount } from "../terminal/quantities.js";
import { DamagedFileError } from "./errors.js";
import { picturePath, writeReportFiles } from "./report-files.js";

/** The images that an evaluation was tested on. */
export interface SetReport {
  readonly source: string | readonly string[];
  /** The share of the images at `source` that was held out to test on; the others were learnt from. */
  readonly holdout?: number | undefined;
  /** Images that were used. */
  readonly images: number;
  /** Names of those that could not be read. */
  readonly skipped: readonly string[];
}

/** The images that an evaluation learnt from. */
export interface TrainingSetReport extends SetReport {
  readonly labelsFraction: number;
  readonly seed: number;
}

export interface EvaluationReport {
  readonly task: string;
  /** The encoder. */
  readonly from: string;
  readonly train: TrainingSetReport;
  readonly test: SetReport;
  readonly classes: readonly string[];
  readonly detail: ClassificationResult;
}

/**
 * Writes the report to `out` (.json) and its confusion matrix to a PNG beside it, over whatever is there: see
 * `prepareOutputs`. Returns the path of the picture.
 */
export async function writeReport(out: string, report: EvaluationReport): Promise<string> {
  await writeReportFiles(out, report, await confusionOf(report));
  return picturePath(out);
}

/** The confusion matrix of a report as a PNG file. */
export function confusionOf({ task, from, classes, detail }: EvaluationReport): Promise<Uint8Array> {
  return confusionPicture(
    classes,
    detail.confusion,
    `${task}, ${from}: top-1 ${percent(detail.top1)} of ${detail.images}`,
  );
}

/** What is read of a written report: how many images, and its score, a share under this name. */
export function reportMetrics<Score extends string>(score: Score) {
  const images = z.object({ images: z.int().min(0) });
  const share = z.number().min(0).max(1);
  return z.object({ train: images, test: images, detail: z.object({ [score]: share } as Record<Score, typeof share>) });
}

/** Undefined where there is no report. Throws DamagedFileError for a file that is none, StorageError. */
export function readReport<Metrics>(path: string, metrics: z.ZodType<Metrics>): Metrics | undefined {
  let text: string;
  try {
    text = readText(path, LARGEST_LIST);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw storageError(error, "read", path);
  }
  try {
    return metrics.parse(JSON.parse(text));
  } catch (error) {
    throw new DamagedFileError({
      expected: `a report of an evaluation in ${path}`,
      found: (error as Error).message.split("\n")[0]!,
      remedy: "Delete it, and evaluate again",
    });
  }
}

/** What was evaluated on what. */
export function describeSets({ train, test, classes, from }: EvaluationReport): string {
  const share =
    train.labelsFraction < 1 ? ` (${Number((100 * train.labelsFraction).toPrecision(3))}% of the labels)` : "";
  const heldOut =
    test.holdout === undefined ? "" : ` (${Number((100 * test.holdout).toPrecision(3))}% of each class, held out)`;
  return `${printable(from)}: ${formatCount(test.images)} test images${heldOut} of ${classes.length} classes; ${formatCount(train.images)} labelled${share}`;
}

const MOST_CLASSES = 20;

/** The accuracy of each class, the worst first where there are too many for a table. */
export function classTable({ perClass }: ClassificationResult): string[] {
  const tested = perClass.filter(({ images }) => images > 0).map((each) => ({ ...each, name: printable(each.name) }));
  const shown = tested.length <= MOST_CLASSES ? tested : worst(tested);
  const width = Math.max(5, ...shown.map(({ name }) => name.length));
  const title = tested.length <= MOST_CLASSES ? "class" : `the ${MOST_CLASSES} classes with the lowest accuracy`;
  return [
    `  ${title.padEnd(width)}  accuracy  images`,
    ...shown.map(
      ({ name, accuracy, images }) =>
        `  ${name.padEnd(width)}  ${percent(accuracy).padStart(8)}  ${formatCount(images).padStart(6)}`,
    ),
  ];
}

function worst<Each extends { readonly accuracy: number | null }>(classes: readonly Each[]): Each[] {
  return [...classes].sort((a, b) => a.accuracy! - b.accuracy!).slice(0, MOST_CLASSES);
}

/** "81.6%"; a dash where there is nothing to tell. */
export function percent(value: number | null): string {
  return value === null ? "-" : `${(100 * value).toFixed(1)}%`;
}
