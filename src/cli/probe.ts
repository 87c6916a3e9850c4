// mixedae probe: how well a linear layer classifies frozen features.

import type { Command } from "commander";
import { runLimits } from "../config/limits.js";
import type { Pooling } from "../heads/features.js";
import { formatCount, formatDuration } from "../terminal/quantities.js";
import type { CliContext } from "./context.js";
import {
  addModelFlags,
  addReportFlag,
  addSetFlags,
  countUpTo,
  fromFlag,
  fromHelp,
  type ModelFlags,
  modelRequest,
  poolOption,
  prepareReport,
  type ReportFlags,
  rate,
  type SetFlags,
  setsRequest,
  threadsOption,
} from "./evaluation-flags.js";

interface ProbeFlags extends ModelFlags, SetFlags, ReportFlags {
  readonly pool: Pooling;
  readonly augment: boolean;
  readonly epochs?: number;
  readonly batchSize: number;
  readonly baseLearningRate?: number;
  readonly threads: number;
}

export function addProbe(program: Command, { stdout, stderr }: CliContext, finish: (exitCode: number) => void): void {
  const command = program
    .command("probe")
    .summary("train a linear classifier on frozen features")
    .description(
      "Evaluates frozen features: trains one linear layer on them (batch normalisation without affine part, LARS; MAE's " +
        "protocol) and tests it. The encoder is not changed.",
    )
    .requiredOption(fromFlag, fromHelp);
  const withSets = addReportFlag(addSetFlags(command, "decides which labels those are, and the order of learning"))
    .addOption(poolOption("mean"))
    .option("--augment", "new random crops and flips in every epoch, as in the protocol", false)
    .option(
      "--epochs <n>",
      "passes over the training images (default: 90; without --augment as many as are needed)",
      countUpTo(runLimits.epochs),
    )
    .option("--batch-size <n>", "images a step", countUpTo(runLimits.batchSize), 1024)
    .option(
      "--base-learning-rate <x>",
      "learning rate for a batch of 256, scaled by the batch (default: 1; with --augment 0.1)",
      rate,
    )
    .addOption(threadsOption());
  addModelFlags(withSets)
    .addHelpText(
      "after",
      [
        "",
        "Without --augment, features are computed once: minutes instead of hours on a small machine, and about as",
        "good for comparing runs. With it, the encoder computes every training image in every epoch.",
        "",
        "Examples:",
        "  mixedae probe --from runs/first --train flowers/train --test flowers/test",
        "  mixedae probe --from runs/first --train flowers/train --test flowers/test --augment --pool cls --out probe.json",
      ].join("\n"),
    )
    .action(async (flags: ProbeFlags) => {
      const sets = setsRequest(flags);
      await prepareReport(flags, sets);
      const { classTable, describeSets, evaluateProbe, ImageProgress, percent, writeReport } = await import(
        "../evaluations/index.js"
      );
      const { pool: pooling, augment, epochs, batchSize, baseLearningRate, threads } = flags;
      const report = await evaluateProbe(
        {
          ...modelRequest(flags, { stderr }),
          ...sets,
          ...{ pooling, augment, batchSize, threads },
          ...(epochs && { epochs }),
          ...(baseLearningRate && { baseLearningRate }),
        },
        new ImageProgress(stdout),
      );
      const { top1, top5 } = report.detail;
      const lines = [
        describeSets(report),
        `Linear probe on ${pooling}, ${formatCount(report.options.epochs)} epochs${augment ? " with crops" : ""} in ${formatDuration(report.seconds.probe)}: ` +
          `top-1 ${percent(top1)}${top5 === null ? "" : `, top-5 ${percent(top5)}`}, training loss ${report.trainingLoss.toFixed(3)}`,
        ...classTable(report.detail),
      ];
      for (const line of lines) stdout.write(`${line}\n`);
      if (flags.out !== undefined) stdout.write(`Wrote ${flags.out} and ${await writeReport(flags.out, report)}\n`);
      finish(0);
    });
}
