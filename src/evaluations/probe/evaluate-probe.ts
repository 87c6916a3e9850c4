// How well a linear map tells the classes from frozen features: MAE's linear probe.

import { openOrdered } from "../../data/index.js";
import { openEngine } from "../../engine/index.js";
import { type ClassificationResult, classificationResult } from "../../heads/classification-metrics.js";
import { createFeatureExtractor, type FeatureExtractor, type Pooling } from "../../heads/features.js";
import {
  type LabelledFeatures,
  type ProbeOptions,
  probeDefaults,
  shuffled,
  trainLinearProbe,
} from "../../heads/linear-probe.js";
import { channelsOf } from "../../nn/presets.js";
import { randomStream } from "../../random/index.js";
import type { EventOptions } from "../../training/events.js";
import type { PretrainedModel } from "../../training/pretrained.js";
import { engineFor } from "../device.js";
import { checkFeatureMemory } from "../feature-memory.js";
import { ImageProgress } from "../image-progress.js";
import { type LabelledSet, type LabelledSetsRequest, openLabelledSets, testedOn } from "../labelled-sets.js";
import { type EncoderRequest, fingerprint, openModel } from "../model.js";
import type { SetReport, TrainingSetReport } from "../report.js";
import { type FeaturesOf, featuresOf, type SetFeatures } from "../set-features.js";

/** Which encoder is evaluated on which labelled images, and how the linear layer is trained. */
export interface ProbeRequest extends EncoderRequest, LabelledSetsRequest {
  /** "mean" by default. */
  readonly pooling?: Pooling;
  /**
   * False by default. Whether each epoch sees new random crops, as the protocol has it: then the encoder computes all training images in
   * every epoch. Without, features are computed once, which is about as many times faster as there are epochs.
   */
  readonly augment?: boolean;
  /** By default 90; without crops as many more as a small set needs. */
  readonly epochs?: number | undefined;
  /** Images a step; 1024 by default. */
  readonly batchSize?: number;
  /** By default MAE's 0.1 with crops, 1 without. */
  readonly baseLearningRate?: number | undefined;
}

/** Shares of test images that a linear layer on the frozen encoder classifies correctly; times are in seconds. */
export interface ProbeReport {
  readonly task: "probe";
  readonly from: string;
  readonly fingerprint: string;
  readonly pooling: Pooling;
  readonly augment: boolean;
  readonly options: ProbeOptions;
  readonly train: TrainingSetReport;
  readonly test: SetReport;
  readonly classes: readonly string[];
  /** Mean training loss of the last epoch. */
  readonly trainingLoss: number;
  readonly detail: ClassificationResult;
  readonly seconds: { readonly features: number; readonly probe: number };
}

/**
 * A step of LARS moves the weights by a share of their length, so that how far they come depends on the learning rate
 * and on how many images are seen in all: MAE's 90 epochs at 0.1 are meant for a million. Without crops, where epochs
 * cost little, a probe of a smaller set sees this many images at a larger rate. Both are our choice: on features of
 * 6,000 images of Fashion-MNIST, rates of 0.1, 1 and 5 ended at losses of 0.60, 0.43 and 0.37 and at 75.9, 81.2 and
 * 80.5% of the test images.
 */
const IMAGES_SEEN = 5_400_000;
const RATE_WITHOUT_CROPS = 1;
const MOST_EPOCHS = 20_000;
/** Decoded images that are kept between the epochs of a probe with crops. */
const MEMORY_BUDGET = 2 ** 30;

/** `features` may give what it computed before. Throws the errors of the parts. */
export async function evaluateProbe(
  request: ProbeRequest,
  events: EventOptions = {},
  features: FeaturesOf = featuresOf,
): Promise<ProbeReport> {
  const progress = ImageProgress.of(events);
  const { threads, pooling = "mean", augment = false, labelsFraction = 1, seed = 0 } = request;
  const sets = await openLabelledSets(request, progress.waiting, progress.warn);
  const model = await progress.waiting.during("Reading the encoder", () => openModel(request));
  checkFeatureMemory(request, augment ? [sets.test] : [sets.train, sets.test], model, progress);
  const engine = await engineFor(request, model.device, progress);
  const extractor = await progress.waiting.duringBusy("Compiling the encoder", () =>
    createFeatureExtractor(model, engine),
  );
  const { width } = model.shape;

  const began = performance.now();
  const test = await features(sets.test, "test features", model, extractor, progress);
  const training = augment
    ? await augmentedEpochs(sets.train, request, model, extractor, progress)
    : await fixedFeatures(sets.train, request, model, (set) =>
        features(set, "training features", model, extractor, progress),
      );
  const extracted = performance.now();

  const options = probeOptions(request, training.images);
  let trainingLoss = Number.NaN;
  progress.begin("learnt from", options.epochs * training.images);
  try {
    const probe = await trainLinearProbe({
      width,
      classes: sets.classes.length,
      images: training.images,
      seed,
      options,
      // So small a model is trained as fast on the CPU: on a GPU each of its many steps would wait for the transfer.
      engine: openEngine({ threads }),
      epoch: training.epoch,
      onEpoch: (epoch, loss) => {
        trainingLoss = loss;
        progress.update((epoch + 1) * training.images);
      },
    });
    const scores = await probe.predict(test.features[pooling]);
    return {
      task: "probe",
      from: model.origin,
      fingerprint: fingerprint(model),
      pooling,
      augment,
      options,
      train: { source: request.train, images: training.images, skipped: training.skipped, labelsFraction, seed },
      test: { ...testedOn(request), images: test.labels.length, skipped: test.skipped },
      classes: sets.classes,
      trainingLoss,
      detail: classificationResult(scores, test.labels, sets.classes),
      seconds: { features: (extracted - began) / 1000, probe: (performance.now() - extracted) / 1000 },
    };
  } finally {
    progress.end();
    await training.close();
  }
}

function probeOptions(
  { augment = false, epochs, batchSize = 1024, baseLearningRate }: ProbeRequest,
  images: number,
): ProbeOptions {
  const enough = augment ? 0 : Math.min(MOST_EPOCHS, Math.ceil(IMAGES_SEEN / images));
  const chosen = epochs ?? Math.max(probeDefaults.epochs, enough);
  return {
    ...probeDefaults,
    epochs: chosen,
    // The same share of a longer or shorter training.
    warmupEpochs: (chosen * probeDefaults.warmupEpochs) / probeDefaults.epochs,
    batchSize: Math.min(batchSize, images),
    baseLearningRate: baseLearningRate ?? (augment ? probeDefaults.baseLearningRate : RATE_WITHOUT_CROPS),
  };
}

interface TrainingFeatures {
  /** How many an epoch gives; with crops, unreadable ones included. */
  readonly images: number;
  readonly skipped: readonly string[];
  epoch(epoch: number): AsyncIterable<LabelledFeatures> | Iterable<LabelledFeatures>;
  close(): Promise<void>;
}

async function fixedFeatures(
  set: LabelledSet,
  { pooling = "mean", seed = 0 }: ProbeRequest,
  model: PretrainedModel,
  featuresOfSet: (set: LabelledSet) => Promise<SetFeatures>,
): Promise<TrainingFeatures> {
  const { features, labels, skipped } = await featuresOfSet(set);
  return {
    images: labels.length,
    skipped,
    epoch: shuffled({ features: features[pooling], labels }, model.shape.width, seed),
    close: async () => {},
  };
}

/** Crops and flips as MAE's probe has them: torchvision's RandomResizedCrop with its own range, and half mirrored. */
async function augmentedEpochs(
  { source, indices, labelOf }: LabelledSet,
  { pooling = "mean", seed = 0 }: ProbeRequest,
  model: PretrainedModel,
  extractor: FeatureExtractor,
  { signal, waiting }: ImageProgress,
): Promise<TrainingFeatures> {
  const reader = await waiting.during("Reading images into memory", (onProgress) =>
    openOrdered({
      source,
      imageSize: model.shape.imageSize,
      channels: channelsOf(model.shape),
      batchSize: extractor.batch,
      minimumSize: model.shape.patchSize,
      background: model.background,
      seed,
      augmentation: { scale: [0.08, 1], flipProbability: 0.5 },
      memoryBudget: MEMORY_BUDGET,
      onProgress,
      ...(signal && { signal }),
    }),
  );
  const skipped = new Set<string>();
  return {
    images: indices.length,
    get skipped() {
      return [...skipped];
    },
    async *epoch(epoch) {
      const order = randomStream(seed, "probe order", epoch, 0).permutation(indices.length);
      const shown = order.map((place) => indices[place]!);
      for await (const batch of reader.pass({ epoch, indices: shown })) {
        for (const { name } of batch.skipped) skipped.add(name);
        const features = await extractor.extract(batch.pixels);
        yield { features: features[pooling], labels: batch.indices.map(labelOf) };
      }
    },
    close: () => reader.close(),
  };
}
