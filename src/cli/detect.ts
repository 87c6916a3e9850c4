// mixedae detect: objects with boxes and masks, by a model that is trained for it; and COCO's scores of any detector's.

import { type Command, Option } from "commander";
import type { DetectionSplit } from "../evaluations/detect/detection-set.js";
import { detectorLines } from "../evaluations/detect/evaluate-detector.js";
import { oneProcess } from "../processes/communicator.js";
import { printable } from "../terminal/printable.js";
import { formatCount } from "../terminal/quantities.js";
import { cocoScores } from "./coco-scores.js";
import { type CliContext, warnOn } from "./context.js";
import { addDetectTrain, markedSetHelp } from "./dense-train.js";
import {
  addReportFlag,
  deviceOption,
  numberUpTo,
  overwriteOption,
  prepareReport,
  type ReportFlags,
  threadsOption,
} from "./evaluation-flags.js";
import { UsageError } from "./report-error.js";
import { withProgress } from "./with-progress.js";

const modelArgument = "folder of a run of mixedae detect train, or one of its checkpoints";

export function addDetect(program: Command, context: CliContext, finish: (exitCode: number) => void): void {
  const group = program
    .command("detect")
    .summary("objects with boxes and masks: train, evaluate, predict; and COCO's scores")
    .description("Detection: objects with boxes and masks, and how well they are found, as COCO counts it.");
  addDetectTrain("train", group, context, finish);
  addEvaluate(group, context, finish);
  addPredict(group, context, finish);
}

interface EvaluateFlags extends ReportFlags {
  readonly data?: string;
  readonly split: DetectionSplit;
  readonly threads: number;
  readonly device?: string;
  readonly annotations?: string;
  readonly results?: string;
  readonly json: boolean;
}

function addEvaluate(group: Command, context: CliContext, finish: (exitCode: number) => void): void {
  const command = group
    .command("evaluate")
    .summary("average precision and recall, as COCO counts them")
    .description(
      "Searches the images of a set with a trained detector, and prints the average precision of boxes and masks. Or, with " +
        "--annotations and --results in place of a run, compares the results of any detector with annotations, both in COCO's " +
        "formats: COCO's twelve numbers for boxes and, where the results have them, for masks.",
    )
    .argument("[run]", modelArgument)
    .option("--data <folder>", `${markedSetHelp} (default: that of the run)`)
    .addOption(
      new Option("--split <name>", "part of the set").choices(["training", "validation"]).default("validation"),
    )
    .option("--annotations <file.json>", "instances as COCO has them: images, categories, annotations")
    .option("--results <file.json>", "a list of detections with image_id, category_id, score, and bbox or segmentation")
    .option(
      "--json",
      'print {"bbox": [12 numbers], "segm": [12 numbers]} in COCO\'s order; -1 where nothing counts',
      false,
    );
  addReportFlag(command)
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText(
      "after",
      [
        "",
        "Examples:",
        "  mixedae detect evaluate runs/detect --out runs/detect-scores.json",
        "  mixedae detect evaluate --annotations instances_val2017.json --results found.json",
      ].join("\n"),
    )
    .action(async (run: string | undefined, flags: EvaluateFlags) => {
      const { annotations, results, json } = flags;
      if (run === undefined) {
        if (annotations === undefined || results === undefined || flags.data !== undefined || flags.out !== undefined) {
          throw new UsageError(
            "expected a run, with --data where its own set is not meant, or both --annotations and --results. " +
              "See mixedae detect evaluate --help",
          );
        }
        // Files are compared by one process.
        if ((context.processes?.communicator.rank ?? 0) === 0) {
          for (const line of cocoScores({ annotations, results }, json)) context.stdout.write(`${line}\n`);
        }
        finish(0);
        return;
      }
      if (annotations !== undefined || results !== undefined) {
        throw new UsageError(
          "--annotations and --results are for results of any detector: leave the run out, or these",
        );
      }
      await evaluateRun(run, flags);
    });

  async function evaluateRun(run: string, flags: EvaluateFlags): Promise<void> {
    await prepareReport(flags);
    const { evaluateDetector } = await import("../evaluations/index.js");
    const { writeReportFiles } = await import("../evaluations/report-files.js");
    const { threadsTogether } = await import("../training/together.js");
    const { data, split, device, json, out } = flags;
    await withProgress(context, finish, async (options) => {
      const { communicator = oneProcess } = options;
      const threads = await threadsTogether(communicator, flags.threads);
      const report = await evaluateDetector(
        { from: run, images: data, split, threads, warn: warnOn(context), ...(device && { device }) },
        options,
      );
      const { bbox, segm } = report.detail;
      const lines = json ? [JSON.stringify({ bbox, ...(segm && { segm }) })] : detectorLines(report);
      for (const line of lines) context.stdout.write(`${line}\n`);
      if (out === undefined || communicator.rank > 0) return;
      const files = await writeReportFiles(out, report);
      if (!json) context.stdout.write(`Wrote ${files.join(" and ")}\n`);
    });
  }
}

interface PredictFlags {
  readonly out: string;
  readonly overwrite: boolean;
  readonly leastScore: number;
  readonly threads: number;
  readonly device?: string;
}

function addPredict(group: Command, context: CliContext, finish: (exitCode: number) => void): void {
  group
    .command("predict")
    .summary("boxes and masks for images")
    .description(
      "Writes results.json, all objects as COCO's results have them (image_id as in detection.json), pictures/NAME.png with " +
        "boxes, masks, names and scores of each image, and detection.json with the objects that are in the pictures.",
    )
    .argument("<run>", modelArgument)
    .argument("<image...>", "image files, folders of them (with all below), or patterns such as 'photos/**/*.jpg'")
    .requiredOption("--out <folder>", "folder for the results")
    .addOption(
      new Option("--least-score <share>", "objects with a lower score are left out of the pictures")
        .argParser(numberUpTo(1))
        .default(0.3),
    )
    .addOption(overwriteOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText("after", "\nExample:\n  mixedae detect predict runs/detect photos --out found")
    .action(async (run: string, images: string[], flags: PredictFlags) => {
      const { out, overwrite, leastScore, threads, device } = flags;
      const { predictObjects } = await import("../evaluations/index.js");
      await withProgress(context, finish, async (options) => {
        const request = {
          ...{ from: run, images, out, overwrite, leastScore, threads },
          warn: warnOn(context),
          ...(device && { device }),
        };
        const { images: done, skipped } = await predictObjects(request, options);
        for (const { image, objects } of done.slice(0, MOST_LINES)) {
          const shown = objects.slice(0, 6).map(({ name, score }) => `${printable(name)} ${Math.round(100 * score)}%`);
          const more = objects.length > 6 ? `, and ${objects.length - 6} more` : "";
          context.stdout.write(`${printable(image)}: ${shown.join(", ") || "nothing"}${more}\n`);
        }
        if (done.length > MOST_LINES) context.stdout.write(`and ${formatCount(done.length - MOST_LINES)} more\n`);
        context.stdout.write(
          `Wrote results.json, detection.json and pictures of ${formatCount(done.length)} images to ${out}\n`,
        );
        if (skipped.length > 0 && done.length === 0) throw new Error("no image could be read");
      });
    });
}

const MOST_LINES = 20;
