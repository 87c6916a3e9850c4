// mixedae segment: how well an encoder's patches are classified by their nearest labelled ones.

import type { Command } from "commander";
import { runLimits } from "../config/limits.js";
import { mostNeighbours } from "../heads/limits.js";
import { printable } from "../terminal/printable.js";
import { formatCount } from "../terminal/quantities.js";
import type { CliContext } from "./context.js";
import {
  addModelFlags,
  countUpTo,
  fromFlag,
  fromHelp,
  type ModelFlags,
  modelRequest,
  overwriteOption,
  prepareReport,
  type ReportFlags,
  threadsOption,
  wholeNumber,
} from "./evaluation-flags.js";

interface SegmentFlags extends ModelFlags, ReportFlags {
  readonly scenes: string;
  readonly images: number;
  readonly queries: number;
  readonly neighbours: number;
  readonly seed: number;
  readonly threads: number;
}

export function addSegment(program: Command, { stdout, stderr }: CliContext, finish: (exitCode: number) => void): void {
  const command = program
    .command("segment")
    .summary("classify patches by their nearest labelled ones")
    .description(
      "Evaluates frozen patch features without training a head: for each patch of the validation images, the nearest " +
        "patches of training images vote on what it shows. Prints the mean intersection over union.",
    )
    .requiredOption(fromFlag, fromHelp)
    .requiredOption("--scenes <folder>", "images with class masks, as mixedae data compose writes them")
    .option("--images <n>", "training images whose patches vote, at most", countUpTo(runLimits.images), 1000)
    .option("--queries <n>", "validation images, at most", countUpTo(runLimits.images), 500)
    .option("--neighbours <n>", "patches that vote on one", countUpTo(mostNeighbours), 20)
    .option("--seed <n>", "selects these images", wholeNumber, 0)
    .option("--out <file.json>", "write all results there")
    .addOption(overwriteOption())
    .addOption(threadsOption());
  addModelFlags(command)
    .addHelpText("after", "\nExample:\n  mixedae segment --from runs/scenes --scenes scenes")
    .action(async (flags: SegmentFlags) => {
      await prepareReport(flags);
      const { evaluateSegmentation, ImageProgress, percent } = await import("../evaluations/index.js");
      const { scenes, images, queries, neighbours, seed, threads, out } = flags;
      const report = await evaluateSegmentation(
        { ...modelRequest(flags, { stderr }), scenes, images, queries, neighbours, seed, threads },
        new ImageProgress(stdout),
      );
      const { meanIou, pixelAccuracy, perClass } = report.detail;
      const width = Math.max(...perClass.map(({ name }) => printable(name).length));
      const lines = [
        `${printable(report.from)}: ${formatCount(report.test.images)} images, ${formatCount(report.train.patches)} patches vote`,
        `mean IoU ${percent(meanIou)} of ${perClass.length} classes, ${percent(pixelAccuracy)} of the pixels`,
        ...perClass.map(({ name, iou }) => `  ${printable(name).padEnd(width)}  ${percent(iou).padStart(6)}`),
      ];
      for (const line of lines) stdout.write(`${line}\n`);
      if (out !== undefined) {
        const { writeJson } = await import("../files/atomic-write.js");
        await writeJson(out, report);
        stdout.write(`Wrote ${out}\n`);
      }
      finish(0);
    });
}
