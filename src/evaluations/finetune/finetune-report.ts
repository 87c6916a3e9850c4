// The result of a fine-tuning: tested at its end, and only then, so that no choice is made by looking at the test set.

import { createClassScores } from "../../heads/class-scores.js";
import { type ClassificationResult, classificationResult } from "../../heads/classification-metrics.js";
import type { Training } from "../../optim/training.js";
import { classifierShapeOf } from "../../training/fine-tuned.js";
import type { RunSummary } from "../../training/hooks.js";
import type { RunDirectory } from "../../training/run-directory.js";
import type { RunEvents } from "../../training/run-events.js";
import { ImageProgress } from "../image-progress.js";
import { type LabelledSets, testedOn } from "../labelled-sets.js";
import { type SetReport, type TrainingSetReport, writeReport } from "../report.js";
import { rowsOfSet } from "../set-rows.js";
import type { FinetuneConfig } from "./config.js";

/** The result of a fine-tuning on its test images; shares are from 0 to 1. */
export interface FinetuneReport {
  readonly task: "finetune";
  readonly from: string;
  readonly fingerprint: string;
  readonly train: TrainingSetReport;
  readonly test: SetReport;
  readonly classes: readonly string[];
  /** Images that were learnt from in all, repetitions included. */
  readonly imagesSeen: number;
  /** Of the last step. */
  readonly trainingLoss: number | null;
  readonly detail: ClassificationResult;
}

/** Tests the weights as they are now, and writes report.json and report.png into the run. */
export async function reportFinetune(
  run: RunDirectory<FinetuneConfig>,
  { state, values, engine }: Training,
  sets: LabelledSets,
  summary: RunSummary,
  events: RunEvents,
): Promise<FinetuneReport> {
  const { config } = run;
  const weights = new Map(state.parameters.tensors.map(({ name, shape }) => [name, { shape, data: values[name]! }]));
  const program = await createClassScores(
    { shape: classifierShapeOf(config), normalization: config.model.normalization, weights },
    engine,
  );
  const progress = new ImageProgress(undefined, undefined, events);
  const { rows, labels, skipped } = await rowsOfSet(sets.test, "tested", config.model, program, progress);
  const report: FinetuneReport = {
    task: "finetune",
    from: config.from.origin,
    fingerprint: config.from.fingerprint,
    train: {
      source: config.train,
      images: sets.train.indices.length,
      skipped: [],
      labelsFraction: config.labels.fraction,
      seed: config.labels.seed,
    },
    test: { ...testedOn(config), images: labels.length, skipped },
    classes: config.classes,
    imagesSeen: summary.totalSteps * config.schedule.batchSize,
    trainingLoss: summary.loss,
    detail: classificationResult(rows.scores, labels, config.classes),
  };
  if (run.isWritten) await writeReport(run.paths.report, report);
  return report;
}
