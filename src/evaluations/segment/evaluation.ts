// Segmentation as an evaluation: what a study asks of it. On the command line it is mixedae segment train.

import { join } from "node:path";
import { z } from "zod";
import { type EvaluationResult, percentMeasure, type TrainedEvaluation } from "../evaluation.js";
import { imageFolder, seed } from "../options.js";
import { readReport, reportMetrics } from "../report.js";
import { resolveSegment } from "./config.js";
import { segmentRecipeNames } from "./recipes.js";

const options = z.strictObject({
  images: imageFolder(
    "set with class masks: ADE20K's layout, composed scenes, or the folders images and masks",
    "images",
  ),
  recipe: z
    .enum(segmentRecipeNames)
    .default("small")
    .describe("values that nobody sets: small for small encoders and sets, upernet for MAE's on ADE20K"),
  options: z
    .record(z.string(), z.unknown())
    .default({})
    .describe("keys of mixedae segment train --help over those of the recipe"),
  seed: seed("decides every random draw of the training"),
});

export const segmentEvaluation: TrainedEvaluation<typeof options> = {
  name: "segment",
  task: "segment",
  trains: true,
  metrics: {
    segmentation: "cross-entropy of the pixels",
    auxiliary: "that of the auxiliary head",
    pixelAccuracy: "share of the pixels whose class is right",
  },
  summary: "teach an encoder classes of pixels",
  description:
    "Trains a pre-trained encoder and a new head (UPerNet, or one linear layer) together on images with class masks, " +
    "tests them at the end, and leaves a run that mixedae segment evaluate and segment predict use. It can be stopped and " +
    "resumed like any run.",
  needs: "masks",
  options,
  recorded: { recipe: "small", options: {} },
  measure: percentMeasure("mean IoU"),
  check({ recipe, options }, { shape, fromScratch, origin }) {
    // How many images have masks is known later.
    const setting = { recipe, encoder: shape, fromScratch, images: Number.MAX_SAFE_INTEGER };
    resolveSegment([{ origin, values: options }], setting);
  },
  async begin({ options, origin, threads = 0, device, ...request }, folder, events) {
    const { trainSegmenter } = await import("./train-segmenter.js");
    const run = { ...(threads > 0 && { threads }), ...(device !== undefined && { device }) };
    const layers = [
      { origin: "the seed", values: { seed: request.seed } },
      { origin, values: options },
      { origin: "this machine", values: { run } },
    ];
    const { report } = await trainSegmenter({ ...request, layers }, folder, events);
    return report === null ? undefined : resultOf(report);
  },
  async resume(folder, options) {
    const { resumeSegmenter } = await import("./train-segmenter.js");
    const { report } = await resumeSegmenter(folder, options);
    return report === null ? undefined : resultOf(report);
  },
  finished(folder) {
    const report = readReport(join(folder, "report.json"), metrics);
    return report === undefined ? undefined : resultOf(report);
  },
};

const metrics = reportMetrics("meanIou");

function resultOf({ train, test, detail }: z.infer<typeof metrics>): EvaluationResult {
  return { train, test, score: detail.meanIou };
}
