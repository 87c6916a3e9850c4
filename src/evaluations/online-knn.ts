// kNN during pre-training: how well the encoder's nearest labelled images tell classes, as it is at the moment.

import type { PretrainConfig } from "../config/config.js";
import { type ImageSource, openSource, SourceError } from "../data/index.js";
import type { DeviceArray } from "../engine/index.js";
import { classificationResult } from "../heads/classification-metrics.js";
import { createFeatureExtractor, type FrozenEncoder, type Pooling } from "../heads/features.js";
import { neighbourVotes } from "../heads/knn.js";
import { createNeighbourSearch, vectorsInMemory } from "../heads/neighbours.js";
import { ParameterScope } from "../nn/parameters.js";
import { encoderShapeOf } from "../nn/presets.js";
import { visionTransformer } from "../nn/vision-transformer.js";
import { initialValues } from "../optim/initial-values.js";
import type { CreateEvaluator } from "../training/hooks.js";
import { RunEvents } from "../training/run-events.js";
import { EvaluationError } from "./errors.js";
import { ImageProgress } from "./image-progress.js";
import { fractionOf, type LabelledSet, openLabelledSet, openLabelledSets } from "./labelled-sets.js";
import { featuresOf } from "./set-features.js";

/** Votes of so many, as reports of kNN have it in detail. */
const NEIGHBOURS = 20;

/**
 * EvaluationResult `knnTop1` (mean of the patch tokens) and `knnTop1Cls`. An IDX folder with both parts gives images that vote
 * from its training part, queries from its test part; any other labelled set is divided. Throws EvaluationError,
 * SourceError.
 */
export const createKnnEvaluator: CreateEvaluator = async (config, { engine, weights }, options = {}) => {
  const { bank, queries, classes } = await openSets(config);
  const encoder = liveEncoder(config, weights);
  const model = { shape: encoder.shape, background: config.data.background };
  const events = new RunEvents(options);
  const extractor = await events.duringBusy("Compiling the encoder to evaluate", () =>
    createFeatureExtractor(encoder, engine),
  );
  const { width } = model.shape;

  // Compiled once: a run may be evaluated hundreds of times.
  const sizes = { count: bank.indices.length, queryCount: queries.indices.length, width };
  const search = await events.during("Compiling the search", () =>
    createNeighbourSearch(sizes, { k: NEIGHBOURS, engine }),
  );

  return {
    description: `kNN of ${queries.indices.length} images by ${bank.indices.length}, ${classes.length} classes`,
    async evaluate(signal) {
      const progress = new ImageProgress(undefined, undefined, { isPassing: true, signal, onEvent: events.onEvent });
      const known = await featuresOf(bank, "Evaluating: images that vote", model, extractor, progress);
      const asked = await featuresOf(queries, "Evaluating: images to classify", model, extractor, progress);
      const k = Math.min(NEIGHBOURS, known.labels.length);
      const top1 = async (pooling: Pooling) => {
        const vectors = vectorsInMemory(known.features[pooling], width);
        const neighbours = await search.find(vectors, asked.features[pooling]);
        const votes = neighbourVotes(neighbours, known.labels, classes.length, k);
        return classificationResult(votes, asked.labels, classes).top1;
      };
      return { knnTop1: await top1("mean"), knnTop1Cls: await top1("cls") };
    },
  };
};

/** The encoder in training, its weights read in place; positions are fixed while it is pre-trained. */
function liveEncoder(config: PretrainConfig, weights: Readonly<Record<string, DeviceArray>>): FrozenEncoder {
  const shape = { ...encoderShapeOf(config.model), positions: config.model.positions };
  const scope = new ParameterScope();
  visionTransformer(scope, shape);
  const tensors = scope.parameters.map((parameter) => {
    const data = weights[parameter.name] ?? initialValues(parameter, config.seed);
    return [parameter.name, { shape: parameter.tensor.shape, data }] as const;
  });
  return { shape, normalization: { mean: config.data.mean, std: config.data.std }, tensors: new Map(tensors) };
}

interface EvaluatedSets {
  readonly bank: LabelledSet;
  readonly queries: LabelledSet;
  readonly classes: readonly string[];
}

async function openSets(config: PretrainConfig): Promise<EvaluatedSets> {
  const { images, queries, source } = config.evaluation;
  const { classes, set } = await openLabelledSet(source!, "train");
  if (classes.length < 2) {
    throw new EvaluationError({
      expected: "images of at least two classes to evaluate on",
      found: `one class in ${[source!].flat().join(", ")}`,
      remedy: "Give another set with --evaluate",
    });
  }
  if (await hasTestPart(source!, set.source)) {
    const { train, test } = await openLabelledSets({ train: source!, test: source! });
    return { classes, bank: atMost(train, images, config.seed), queries: atMost(test, queries, config.seed) };
  }
  const both = atMost(set, images + queries, config.seed);
  // A smaller share of a class is part of a larger one: what is left over asks.
  const bank = fractionOf(both, images / (images + queries), config.seed);
  const voters = new Set(bank.indices);
  return { classes, bank, queries: { ...both, indices: both.indices.filter((index) => !voters.has(index)) } };
}

function atMost(set: LabelledSet, images: number, seed: number): LabelledSet {
  return fractionOf(set, Math.min(1, images / set.indices.length), seed);
}

/** Whether an IDX folder has images to test on beside those to learn from. */
async function hasTestPart(path: string | readonly string[], train: ImageSource): Promise<boolean> {
  if (train.kind !== "idx") return false;
  try {
    const test = await openSource(path, { split: "test" });
    return test.classes !== undefined && test.name(0) !== train.name(0);
  } catch (error) {
    if (error instanceof SourceError) return false;
    throw error;
  }
}
