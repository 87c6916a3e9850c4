// kNN on frozen features as an evaluation: its options, and how its result is shown.

import { z } from "zod";
import { frozenEvaluation, percentMeasure } from "../evaluation.js";
import { labelledSets, poolingMeta, poolingOption } from "../options.js";
import { classTable, confusionOf, describeSets } from "../report.js";
import type { KnnReport } from "./evaluate-knn.js";

export const knn = frozenEvaluation({
  name: "knn",
  task: "knn",
  trains: false,
  summary: "classify images by their nearest labelled ones",
  description:
    "Evaluates frozen features: each test image gets the class for which its nearest training images vote, weighted " +
    "by exp(similarity / 0.07) (DINO's protocol). Nothing is trained.",
  notes: [
    "kNN is naturally low for masked autoencoders: what they learn lies in features that a linear map or",
    "fine-tuning brings out. Compare runs with each other and with --from scratch, not with contrastive methods.",
  ],
  examples: [
    "--from runs/first --train flowers/train --test flowers/test",
    "--from runs/first --train cats-and-dogs --holdout 0.2",
    "--from scratch --train fashion-mnist --test fashion-mnist --labels-fraction 10% --out scratch.json",
  ],
  needs: "labels",
  options: z.strictObject({
    ...labelledSets("decides which labels those are"),
    /** Both where it is left out. */
    pooling: poolingOption.optional().meta(poolingMeta),
  }),
  recorded: { pooling: "mean" },
  measure: percentMeasure("top-1"),
  checksMemory: true,
  async run(request, { progress, features }) {
    const { evaluateKnn } = await import("./evaluate-knn.js");
    return evaluateKnn(request, progress, features);
  },
  lines: (report: KnnReport) => [
    describeSets(report),
    ...scoreTable(report),
    "",
    `By class, the ${report.detail.k} nearest by ${report.detail.pooling}:`,
    ...classTable(report.detail),
  ],
  picture: { shows: "the confusion matrix", draw: confusionOf },
  result: ({ train, test, detail }) => ({ train, test, score: detail.top1 }),
});

/** A row for each k, a column for each pooling. */
function scoreTable({ scores }: KnnReport): string[] {
  const poolings = [...new Set(scores.map(({ pooling }) => pooling))];
  const counts = [...new Set(scores.map(({ k }) => k))];
  const withFive = scores.some(({ top5 }) => top5 !== null);
  const columns = poolings.flatMap((pooling) => [`${pooling} top-1`, ...(withFive ? [`${pooling} top-5`] : [])]);
  const cell = (value: number | null) => (value === null ? "-" : `${(100 * value).toFixed(1)}%`).padStart(12);
  return [
    `${"nearest".padStart(9)}${columns.map((column) => column.padStart(12)).join("")}`,
    ...counts.map((k) => {
      const cells = poolings.flatMap((pooling) => {
        const { top1, top5 } = scores.find((score) => score.k === k && score.pooling === pooling)!;
        return [cell(top1), ...(withFive ? [cell(top5)] : [])];
      });
      return `${String(k).padStart(9)}${cells.join("")}`;
    }),
  ];
}
