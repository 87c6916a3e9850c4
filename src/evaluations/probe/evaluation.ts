// The linear probe as an evaluation: its options, and how its result is shown.

import { z } from "zod";
import { runLimits } from "../../config/limits.js";
import { formatCount, formatDuration } from "../../terminal/quantities.js";
import { frozenEvaluation, percentMeasure } from "../evaluation.js";
import { labelledSets, poolingMeta, poolingOption } from "../options.js";
import { classTable, confusionOf, describeSets, percent } from "../report.js";
import type { ProbeReport } from "./evaluate-probe.js";

export const probe = frozenEvaluation({
  name: "probe",
  task: "probe",
  trains: false,
  summary: "train a linear classifier on frozen features",
  description:
    "Evaluates frozen features: trains one linear map on them (batch normalisation without weights, LARS; MAE's " +
    "protocol) and tests it. The encoder is not changed.",
  notes: [
    "Without --augment, features are computed once: minutes instead of hours on a small machine, and about as",
    "good for comparing runs. With it, the encoder computes every training image in every epoch.",
  ],
  examples: [
    "--from runs/first --train flowers/train --test flowers/test",
    "--from runs/first --train flowers/train --test flowers/test --augment --pool cls --out probe.json",
  ],
  needs: "labels",
  options: z.strictObject({
    ...labelledSets("decides which labels those are, and the order of learning"),
    pooling: poolingOption.default("mean").meta(poolingMeta),
    augment: z.boolean().default(false).describe("new random crops and flips in every epoch, as the protocol has it"),
    epochs: z
      .int()
      .min(1)
      .max(runLimits.epochs)
      .optional()
      .describe("passes over the training images (default: 90; without --augment as many as are needed)"),
    batchSize: z.int().min(1).max(runLimits.batchSize).default(1024).describe("images a step"),
    baseLearningRate: z
      .number()
      .gt(0)
      .max(runLimits.learningRate)
      .optional()
      .describe("learning rate for a batch of 256, scaled by the batch (default: 1; with --augment 0.1)"),
  }),
  recorded: { pooling: "mean" },
  measure: percentMeasure("top-1"),
  checksMemory: true,
  async run(request, { progress, features }) {
    const { evaluateProbe } = await import("./evaluate-probe.js");
    return evaluateProbe(request, progress, features);
  },
  lines(report: ProbeReport) {
    const { detail, pooling, augment, options, seconds, trainingLoss } = report;
    const { top1, top5 } = detail;
    return [
      describeSets(report),
      `Linear probe on ${pooling}, ${formatCount(options.epochs)} epochs${augment ? " with crops" : ""} in ${formatDuration(seconds.probe)}: ` +
        `top-1 ${percent(top1)}${top5 === null ? "" : `, top-5 ${percent(top5)}`}, training loss ${trainingLoss.toFixed(3)}`,
      ...classTable(detail),
    ];
  },
  picture: { shows: "the confusion matrix", draw: confusionOf },
  result: ({ train, test, detail }) => ({ train, test, score: detail.top1 }),
});
