// Segmentation by nearest patches as an evaluation: its options, and how its result is shown.

import { z } from "zod";
import { mostNeighbours } from "../../heads/limits.js";
import { printable } from "../../terminal/printable.js";
import { formatCount } from "../../terminal/quantities.js";
import { frozenEvaluation, percentMeasure } from "../evaluation.js";
import { imageCount, imageFolder, seed } from "../options.js";
import { percent } from "../report.js";
import type { SegmentationReport } from "./evaluate-patches.js";

export const patches = frozenEvaluation({
  name: "patches",
  task: "segmentation",
  trains: false,
  summary: "nearest patches tell what a patch shows",
  description:
    "Evaluates frozen patch features without training a head: for each patch of the validation images, the nearest " +
    "patches of training images vote on what it shows. Prints the mean intersection over union.",
  examples: ["--from runs/scenes --scenes scenes"],
  needs: "masks",
  options: z.strictObject({
    scenes: imageFolder("images with class masks, as mixedae data compose writes them", "images"),
    images: imageCount("training images whose patches vote, at most", 1000),
    queries: imageCount("validation images, at most", 500),
    neighbours: z.int().min(1).max(mostNeighbours).default(20).describe("patches that vote on one"),
    seed: seed("decides which images those are"),
  }),
  recorded: { images: 1000, queries: 500 },
  measure: percentMeasure("mean IoU"),
  checksMemory: true,
  async run(request, { progress }) {
    const { evaluateSegmentation } = await import("./evaluate-patches.js");
    return evaluateSegmentation(request, progress);
  },
  lines({ from, train, test, detail }: SegmentationReport) {
    const { meanIou, pixelAccuracy, perClass } = detail;
    const width = Math.max(...perClass.map(({ name }) => printable(name).length));
    return [
      `${printable(from)}: ${formatCount(test.images)} images, ${formatCount(train.patches)} patches vote`,
      `mean IoU ${percent(meanIou)} of ${perClass.length} classes, ${percent(pixelAccuracy)} of the pixels`,
      ...perClass.map(({ name, iou }) => `  ${printable(name).padEnd(width)}  ${percent(iou).padStart(6)}`),
    ];
  },
  result: ({ train, test, detail }) => ({ train, test, score: detail.meanIou }),
});
