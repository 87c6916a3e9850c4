// Detection as an evaluation: what a study asks of it. On the command line it is mixedae detect train.

import { join } from "node:path";
import { z } from "zod";
import { type EvaluationResult, percentMeasure, type TrainedEvaluation } from "../evaluation.js";
import { imageFolder, seed } from "../options.js";
import { readReport } from "../report.js";
import { resolveDetect } from "./config.js";
import { detectRecipeNames } from "./recipes.js";

const options = z.strictObject({
  images: imageFolder("set with marked objects: COCO's layout, or composed scenes", "images"),
  recipe: z
    .enum(detectRecipeNames)
    .default("small")
    .describe("values that nobody sets: small for small encoders and sets, vitdet for ViTDet's on COCO"),
  options: z
    .record(z.string(), z.unknown())
    .default({})
    .describe("keys of mixedae detect train --help over those of the recipe"),
  seed: seed("decides every random draw of the training"),
});

export const detectEvaluation: TrainedEvaluation<typeof options> = {
  name: "detect",
  task: "detect",
  trains: true,
  metrics: {
    objectness: "cross-entropy of the sampled anchors: is there an object",
    proposalBoxes: "how far the boxes of anchors are from their objects",
    classes: "cross-entropy of the sampled regions' classes",
    boxes: "how far the boxes of regions are from their objects",
    masks: "cross-entropy of the pixels of masks",
    regionAccuracy: "share of the sampled regions whose class is right",
  },
  summary: "teach an encoder boxes and masks of objects",
  description:
    "Trains a pre-trained encoder and the heads of Mask R-CNN together on images with marked objects, tests them at the end, " +
    "and leaves a run that mixedae detect evaluate and detect predict use. It can be stopped and resumed like any run.",
  needs: "boxes",
  options,
  recorded: { recipe: "small", options: {} },
  measure: percentMeasure("AP of boxes"),
  furtherMeasures: { masks: percentMeasure("AP of masks") },
  check({ recipe, options }, { shape, fromScratch, origin }) {
    // How many images have objects is known later.
    const setting = { recipe, encoder: shape, fromScratch, images: Number.MAX_SAFE_INTEGER };
    resolveDetect([{ origin, values: options }], setting);
  },
  async begin({ options, origin, threads = 0, device, ...request }, folder, events) {
    const { trainDetector } = await import("./train-detector.js");
    const run = { ...(threads > 0 && { threads }), ...(device !== undefined && { device }) };
    const layers = [
      { origin: "the seed", values: { seed: request.seed } },
      { origin, values: options },
      { origin: "this machine", values: { run } },
    ];
    const { report } = await trainDetector({ ...request, layers }, folder, events);
    return report === null ? undefined : resultOf(report);
  },
  async resume(folder, options) {
    const { resumeDetector } = await import("./train-detector.js");
    const { report } = await resumeDetector(folder, options);
    return report === null ? undefined : resultOf(report);
  },
  finished(folder) {
    const report = readReport(join(folder, "report.json"), metrics);
    return report === undefined ? undefined : resultOf(report);
  },
};

const images = z.object({ images: z.int().min(0) });
const share = z.number().min(0).max(1);
const metrics = z.object({
  train: images,
  test: images,
  detail: z.object({ boxAp: share, maskAp: share.nullable() }),
});

function resultOf({ train, test, detail }: z.infer<typeof metrics>): EvaluationResult {
  const { boxAp, maskAp } = detail;
  return { train, test, score: boxAp, ...(maskAp !== null && { further: { masks: maskAp } }) };
}
