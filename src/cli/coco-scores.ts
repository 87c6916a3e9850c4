// COCO's numbers of anybody's results, from two files.

import { readBytes } from "../files/regular-file.js";
import { LARGEST_COCO_FILE, parseCocoInstances } from "../formats/coco.js";
import { parseCocoResults } from "../formats/coco-results.js";
import { FormatError } from "../formats/errors.js";
import { type DetectionReport, detectionMeasures, evaluateDetections } from "../heads/detection-metrics.js";
import { printable } from "../terminal/printable.js";
import { formatCount } from "../terminal/quantities.js";
import { checkFiles } from "./evaluation-flags.js";
import { UsageError } from "./report-error.js";

/** The two files. */
export interface CocoFiles {
  readonly annotations: string;
  readonly results: string;
}

/** Lines for people, or one of JSON. Throws UsageError for files that are not what they should be. */
export function cocoScores(files: CocoFiles, json: boolean): string[] {
  checkFiles([files.annotations, files.results]);
  const truth = read(files.annotations, parseCocoInstances);
  const results = read(files.results, parseCocoResults);
  const report = compared(files, () => evaluateDetections(truth, results));
  if (json) return [JSON.stringify({ bbox: report.bbox?.measures, segm: report.segm?.measures })];
  const { images, annotations } = truth;
  return [
    `${formatCount(results.length)} detections, ${formatCount(annotations.length)} objects in ${formatCount(images.length)} images`,
    ...tableOf(report),
  ];
}

/** Parses a file; what is wrong with it is said with its name. */
function read<Value>(path: string, parse: (bytes: Uint8Array) => Value): Value {
  const bytes = readBytes(path, LARGEST_COCO_FILE);
  try {
    return parse(bytes);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new UsageError(`${path}: ${error.message}. Correct the file`);
  }
}

function compared({ annotations, results }: CocoFiles, work: () => DetectionReport): DetectionReport {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new UsageError(`${results} with ${annotations}: ${error.message}. Correct the file`);
  }
}

/** Percent with one digit; a dash where nothing counts. */
function shown(value: number | undefined): string {
  return value === undefined || value < 0 ? "-" : (100 * value).toFixed(1);
}

function tableOf({ bbox, segm }: DetectionReport): string[] {
  const kinds = [
    ...(bbox ? [{ name: "boxes", scores: bbox }] : []),
    ...(segm ? [{ name: "masks", scores: segm }] : []),
  ];
  const perClass = kinds[0]!.scores.perClass;
  const names = [...detectionMeasures, ...perClass.map(({ name }) => printable(name))];
  const width = Math.max(...names.map((name) => name.length));
  const row = (name: string, values: readonly (number | undefined)[]) =>
    `  ${name.padEnd(width)}${values.map((value) => shown(value).padStart(8)).join("")}`;
  return [
    `  ${"".padEnd(width)}${kinds.map(({ name }) => name.padStart(8)).join("")}`,
    ...detectionMeasures.map((name, index) =>
      row(
        name,
        kinds.map(({ scores }) => scores.measures[index]),
      ),
    ),
    "AP of each category",
    ...perClass.map(({ name }, index) =>
      row(
        printable(name),
        kinds.map(({ scores }) => scores.perClass[index]!.ap),
      ),
    ),
  ];
}
