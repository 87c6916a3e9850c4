// How well the nearest labelled images tell an image's class: kNN on frozen features, in DINO's protocol.

import { type ClassificationResult, classificationResult } from "../../heads/classification-metrics.js";
import { createFeatureExtractor, type Pooling, poolings } from "../../heads/features.js";
import { knnCounts, neighbourVotes } from "../../heads/knn.js";
import { findNeighbours, vectorsInMemory } from "../../heads/neighbours.js";
import type { EventOptions } from "../../training/events.js";
import { engineFor } from "../device.js";
import { checkFeatureMemory } from "../feature-memory.js";
import { ImageProgress } from "../image-progress.js";
import { type LabelledSetsRequest, openLabelledSets, testedOn } from "../labelled-sets.js";
import { type EncoderRequest, fingerprint, openModel } from "../model.js";
import type { SetReport, TrainingSetReport } from "../report.js";
import { type FeaturesOf, featuresOf } from "../set-features.js";

/** Which encoder is evaluated on which labelled images. */
export interface KnnRequest extends EncoderRequest, LabelledSetsRequest {
  /** Both where it is left out. */
  readonly pooling?: Pooling | undefined;
}

/** Shares of test images, from 0 to 1, that the votes of `k` neighbours classify correctly. */
export interface KnnScore {
  readonly pooling: Pooling;
  readonly k: number;
  readonly top1: number;
  readonly top5: number | null;
}

/** Shares of test images whose class their nearest training images tell; times are in seconds. */
export interface KnnReport {
  readonly task: "knn";
  readonly from: string;
  readonly fingerprint: string;
  readonly train: TrainingSetReport;
  readonly test: SetReport;
  readonly classes: readonly string[];
  readonly scores: readonly KnnScore[];
  /** In detail: by the 20 nearest (or as many as there are), of the pooling asked for, or the mean. */
  readonly detail: { readonly pooling: Pooling; readonly k: number } & ClassificationResult;
  readonly seconds: { readonly features: number; readonly search: number };
}

const DETAIL_COUNT = 20;

/** `features` may give what it computed before. Throws the errors of the parts. */
export async function evaluateKnn(
  request: KnnRequest,
  options: EventOptions = {},
  features: FeaturesOf = featuresOf,
): Promise<KnnReport> {
  const { labelsFraction = 1, seed = 0 } = request;
  const progress = ImageProgress.of(options);
  const sets = await openLabelledSets(request, progress.waiting, progress.warn);
  const model = await progress.waiting.during("Reading the encoder", () => openModel(request));
  checkFeatureMemory(request, [sets.train, sets.test], model, progress);
  const engine = await engineFor(request, model.device, progress);
  const extractor = await progress.waiting.duringBusy("Compiling the encoder", () =>
    createFeatureExtractor(model, engine),
  );
  const began = performance.now();
  const train = await features(sets.train, "training features", model, extractor, progress);
  const test = await features(sets.test, "test features", model, extractor, progress);
  const extracted = performance.now();

  const classes = sets.classes;
  const { width } = model.shape;
  const images = train.labels.length;
  const counts = [...new Set(knnCounts.map((k) => Math.min(k, images)))];
  const scores: KnnScore[] = [];
  let detail: KnnReport["detail"] | undefined;
  for (const pooling of request.pooling === undefined ? poolings : [request.pooling]) {
    const bank = vectorsInMemory(train.features[pooling], width);
    const neighbours = await findNeighbours(bank, test.features[pooling], { k: counts.at(-1)!, engine });
    for (const k of counts) {
      const votes = neighbourVotes(neighbours, train.labels, classes.length, k);
      const result = classificationResult(votes, test.labels, classes);
      scores.push({ pooling, k, top1: result.top1, top5: result.top5 });
      if (k === Math.min(DETAIL_COUNT, images)) detail ??= { pooling, k, ...result };
    }
  }
  return {
    task: "knn",
    from: model.origin,
    fingerprint: fingerprint(model),
    train: { source: request.train, images, skipped: train.skipped, labelsFraction, seed },
    test: { ...testedOn(request), images: test.labels.length, skipped: test.skipped },
    classes,
    scores,
    detail: detail!,
    seconds: { features: (extracted - began) / 1000, search: (performance.now() - extracted) / 1000 },
  };
}
