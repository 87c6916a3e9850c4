// mixedae detect: COCO's scores of what any detector found.

import type { Command } from "commander";
import { readBytes } from "../files/regular-file.js";
import { LARGEST_COCO_FILE, parseCocoInstances } from "../formats/coco.js";
import { parseCocoResults } from "../formats/coco-results.js";
import { FormatError } from "../formats/errors.js";
import { type DetectionReport, detectionMeasures, evaluateDetections } from "../heads/detection-metrics.js";
import { printable } from "../terminal/printable.js";
import { formatCount } from "../terminal/quantities.js";
import type { CliContext } from "./context.js";
import { checkFiles } from "./evaluation-flags.js";
import { UsageError } from "./report-error.js";

interface EvaluateFlags {
  readonly annotations: string;
  readonly results: string;
  readonly json: boolean;
}

export function addDetect(program: Command, context: CliContext, finish: (exitCode: number) => void): void {
  const group = program
    .command("detect")
    .summary("COCO's scores of detected boxes and masks")
    .description("Detection: how well boxes and masks that were found agree with those that are marked.");
  group
    .command("evaluate")
    .summary("average precision and recall, as COCO counts them")
    .description(
      "Compares the results of any detector with annotations, both in COCO's formats, and prints COCO's twelve numbers for " +
        "boxes and, where the results have them, for masks, and the average precision of each category.",
    )
    .requiredOption("--annotations <file.json>", "instances as COCO has them: images, categories, annotations")
    .requiredOption(
      "--results <file.json>",
      "a list of detections with image_id, category_id, score, and bbox or segmentation",
    )
    .option(
      "--json",
      'print {"bbox": [12 numbers], "segm": [12 numbers]} in COCO\'s order; -1 where nothing counts',
      false,
    )
    .addHelpText(
      "after",
      "\nExample:\n  mixedae detect evaluate --annotations instances_val2017.json --results found.json",
    )
    .action(async (flags: EvaluateFlags) => {
      const { stdout } = context;
      checkFiles([flags.annotations, flags.results]);
      const truth = read(flags.annotations, parseCocoInstances);
      const results = read(flags.results, parseCocoResults);
      const report = compared(flags, () => evaluateDetections(truth, results));
      if (flags.json) {
        stdout.write(`${JSON.stringify({ bbox: report.bbox?.measures, segm: report.segm?.measures })}\n`);
      } else {
        const { images, annotations } = truth;
        stdout.write(
          `${formatCount(results.length)} detections, ${formatCount(annotations.length)} objects in ${formatCount(images.length)} images\n`,
        );
        for (const line of tableOf(report)) stdout.write(`${line}\n`);
      }
      finish(0);
    });
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

function compared({ annotations, results }: EvaluateFlags, work: () => DetectionReport): DetectionReport {
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
