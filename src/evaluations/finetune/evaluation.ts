// Fine-tuning as an evaluation: what a study asks of it. On the command line it is mixedae finetune.

import { join } from "node:path";
import { z } from "zod";
import { type EvaluationResult, percentMeasure, type TrainedEvaluation } from "../evaluation.js";
import { labelledSets } from "../options.js";
import { readReport, reportMetrics } from "../report.js";
import { resolveFinetune } from "./config.js";
import { recipeNames } from "./recipes.js";

const options = z.strictObject({
  ...labelledSets("decides which labels those are, and every random draw of the training"),
  recipe: z
    .enum(recipeNames)
    .default("small")
    .describe("values that nobody sets: small for up to some ten thousand images, mae for more"),
  options: z
    .record(z.string(), z.unknown())
    .default({})
    .describe("keys of mixedae finetune --help over those of the recipe"),
});

export const finetuneEvaluation: TrainedEvaluation<typeof options> = {
  name: "finetune",
  task: "finetune",
  trains: true,
  metrics: {},
  summary: "teach an encoder classes",
  description:
    "Trains a pre-trained encoder and a new head together on labelled images, tests them once at the end, and leaves " +
    "a run that mixedae classify uses. It can be stopped and resumed like any run.",
  needs: "labels",
  options,
  recorded: { recipe: "small", options: {} },
  measure: percentMeasure("top-1"),
  check({ recipe, options }, { shape, fromScratch, origin }) {
    const layers = [{ origin, values: options }];
    // How many images have labels is known later.
    resolveFinetune(layers, { recipe, encoder: shape, fromScratch, images: Number.MAX_SAFE_INTEGER });
  },
  async begin({ options, origin, threads = 0, device, ...request }, folder, events) {
    const { finetune } = await import("./finetune.js");
    const run = { ...(threads > 0 && { threads }), ...(device !== undefined && { device }) };
    const layers = [
      { origin: "the seed", values: { seed: request.seed } },
      { origin, values: options },
      { origin: "this machine", values: { run } },
    ];
    const { report } = await finetune({ ...request, layers }, folder, events);
    return report === null ? undefined : resultOf(report);
  },
  async resume(folder, options) {
    const { resumeFinetune } = await import("./finetune.js");
    const { report } = await resumeFinetune(folder, options);
    return report === null ? undefined : resultOf(report);
  },
  finished(folder) {
    const report = readReport(join(folder, "report.json"), metrics);
    return report === undefined ? undefined : resultOf(report);
  },
};

const metrics = reportMetrics("top1");

function resultOf({ train, test, detail }: z.infer<typeof metrics>): EvaluationResult {
  return { train, test, score: detail.top1 };
}
