// mixedae segment: classes of pixels, by a model that is trained for it or by the nearest patches of an encoder.

import { type Command, Option } from "commander";
import { percent } from "../evaluations/report.js";
import { segmenterLines } from "../evaluations/segment/evaluate-segmenter.js";
import { type SegmentInference, segmentInferences } from "../evaluations/segment/inference.js";
import type { SegmentationSplit } from "../evaluations/segment/segmentation-set.js";
import { oneProcess } from "../processes/communicator.js";
import { printable } from "../terminal/printable.js";
import { formatCount } from "../terminal/quantities.js";
import { type CliContext, warnOn } from "./context.js";
import { addSegmentTrain, maskedSetHelp } from "./dense-train.js";
import { describeEvaluation, frozenNamed } from "./evaluate.js";
import {
  addReportFlag,
  deviceOption,
  overwriteOption,
  prepareReport,
  type ReportFlags,
  threadsOption,
} from "./evaluation-flags.js";
import { withProgress } from "./with-progress.js";

const modelArgument = "folder of a run of mixedae segment train, or one of its checkpoints";

export function addSegment(program: Command, context: CliContext, finish: (exitCode: number) => void): void {
  const patches = frozenNamed("patches");
  const group = program
    .command("segment")
    .summary("classes of pixels: train, evaluate, predict, or by nearest patches")
    .description("Segmentation: a model that is trained for it, or the patches of an encoder as they are.");
  addSegmentTrain("train", group, context, finish);
  addEvaluate(group, context, finish);
  addPredict(group, context, finish);
  describeEvaluation(group.command("nearest"), patches, context, finish);
  // Until version 1.0: mixedae segment --from ... was the command before there were several.
  const former = group.command("former", { isDefault: true, hidden: true });
  describeEvaluation(former, patches, context, finish, () =>
    warnOn(context)(
      "mixedae segment --from ... is mixedae segment nearest --from ... now; the old form is gone in version 1.0",
    ),
  );
}

interface EvaluateFlags extends ReportFlags {
  readonly data?: string;
  readonly split: SegmentationSplit;
  readonly inference: SegmentInference;
  readonly threads: number;
  readonly device?: string;
  readonly json: boolean;
}

function addEvaluate(group: Command, context: CliContext, finish: (exitCode: number) => void): void {
  const command = group
    .command("evaluate")
    .summary("mean IoU of a trained segmentation")
    .description("Labels the pixels of a set at its images' own sizes, and compares them with the masks.")
    .argument("<run>", modelArgument)
    .option("--data <folder>", `${maskedSetHelp} (default: that of the run)`)
    .addOption(
      new Option("--split <name>", "part of the set").choices(["training", "validation"]).default("validation"),
    )
    .addOption(inferenceOption())
    .option("--json", "print the report as JSON", false);
  addReportFlag(command)
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText(
      "after",
      "\nExample:\n  mixedae segment evaluate runs/segment --data scenes --out runs/segment-scores.json",
    )
    .action(async (run: string, flags: EvaluateFlags) => {
      await prepareReport(flags);
      const { evaluateSegmenter } = await import("../evaluations/index.js");
      const { writeReportFiles } = await import("../evaluations/report-files.js");
      const { threadsTogether } = await import("../training/together.js");
      const { data, split, inference, device, json, out } = flags;
      await withProgress(context, finish, async (options) => {
        const { communicator = oneProcess } = options;
        const threads = await threadsTogether(communicator, flags.threads);
        const report = await evaluateSegmenter(
          { from: run, images: data, split, inference, threads, warn: warnOn(context), ...(device && { device }) },
          options,
        );
        const lines = json ? [JSON.stringify(report, null, 2)] : segmenterLines(report);
        for (const line of lines) context.stdout.write(`${line}\n`);
        if (out === undefined || communicator.rank > 0) return;
        const files = await writeReportFiles(out, report);
        if (!json) context.stdout.write(`Wrote ${files.join(" and ")}\n`);
      });
    });
}

interface PredictFlags {
  readonly out: string;
  readonly inference: SegmentInference;
  readonly overwrite: boolean;
  readonly threads: number;
  readonly device?: string;
}

function addPredict(group: Command, context: CliContext, finish: (exitCode: number) => void): void {
  group
    .command("predict")
    .summary("masks for images")
    .description(
      "Writes for each image masks/NAME.png, an indexed PNG whose values are labels, and overlays/NAME.png in colours, " +
        "both at the image's own size, and segmentation.json with the classes of each.",
    )
    .argument("<run>", modelArgument)
    .argument("<image...>", "image files, folders of them (with all below), or patterns such as 'photos/**/*.jpg'")
    .requiredOption("--out <folder>", "folder for the masks")
    .addOption(inferenceOption())
    .addOption(overwriteOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText("after", "\nExample:\n  mixedae segment predict runs/segment photos --out masks")
    .action(async (run: string, images: string[], { out, inference, overwrite, threads, device }: PredictFlags) => {
      const { predictMasks } = await import("../evaluations/index.js");
      await withProgress(context, finish, async (options) => {
        const request = {
          from: run,
          images,
          out,
          inference,
          overwrite,
          threads,
          warn: warnOn(context),
          ...(device && { device }),
        };
        const { images: done, skipped } = await predictMasks(request, options);
        for (const { image, classes } of done.slice(0, MOST_LINES)) {
          const shown = classes.slice(0, 4).map(({ name, share }) => `${printable(name)} ${percent(share)}`);
          context.stdout.write(`${printable(image)}: ${shown.join(", ")}\n`);
        }
        if (done.length > MOST_LINES) context.stdout.write(`and ${formatCount(done.length - MOST_LINES)} more\n`);
        context.stdout.write(
          `Wrote masks, overlays and segmentation.json of ${formatCount(done.length)} images to ${out}\n`,
        );
        if (skipped.length > 0 && done.length === 0) throw new Error("no image could be read");
      });
    });
}

const MOST_LINES = 20;

function inferenceOption(): Option {
  return new Option("--inference <how>", "slide: windows move over an image, and scores are averaged; whole: at once")
    .choices(segmentInferences)
    .default("slide");
}
