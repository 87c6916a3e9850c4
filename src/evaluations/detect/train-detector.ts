// Training of a detection: a pre-trained encoder and new heads learn boxes and masks of objects, in a run that can be resumed.

import type { ConfigLayer, SomeOf } from "../../config/config.js";
import type { BatchOptions } from "../../data/index.js";
import { openEngine } from "../../engine/index.js";
import { fineTuned } from "../../heads/classifier.js";
import { type DetectorInTraining, detectorInTraining } from "../../heads/detection/detector.js";
import { meanPixel } from "../../nn/pixels.js";
import { channelsOf } from "../../nn/presets.js";
import type { TrainingDefinition } from "../../optim/training.js";
import type { EventOptions } from "../../training/events.js";
import type { ResumeOverrides } from "../../training/hooks.js";
import type { RunEvents } from "../../training/run-events.js";
import { type SupervisedResult, superviseRun } from "../../training/supervised-run.js";
import { type DenseRun, type DenseSets, type DenseTask, resumeDense, startDense } from "../dense-run.js";
import { EvaluationError } from "../errors.js";
import { writeFirstWeights } from "../first-weights.js";
import type { ModelRequest } from "../model.js";
import { announceDetect } from "./announce.js";
import {
  type DetectChoices,
  type DetectConfig,
  decayOf,
  detectorShapeOf,
  parseDetectConfig,
  resolveDetect,
} from "./config.js";
import { detectInputs } from "./detect-inputs.js";
import { DetectPictures } from "./detect-pictures.js";
import { type DetectionSet, openDetectionSet } from "./detection-set.js";
import type { TrainedDetectorReport } from "./evaluate-detector.js";
import type { DetectRecipeName } from "./recipes.js";

/** Which encoder learns the objects of which images, and how. */
export interface DetectRequest extends ModelRequest {
  /** The folder of a set: COCO's layout, or composed scenes. */
  readonly images: string;
  /** "small" by default. */
  readonly recipe?: DetectRecipeName;
  /** Values over those of the recipe. */
  readonly choices?: SomeOf<DetectChoices>;
  /** Layers of values below those, first the weakest; errors name their origins. */
  readonly layers?: readonly ConfigLayer[];
}

/** How a training ended. */
export type DetectResult = SupervisedResult<TrainedDetectorReport>;

/**
 * Starts a detection in a new folder, and resolves when it is tested or was stopped. Throws OutputError, ConfigError,
 * EvaluationError and the errors of the parts, and the signal's reason where it was stopped before the first step.
 */
export function trainDetector(
  request: DetectRequest,
  folder: string,
  options: EventOptions = {},
): Promise<DetectResult> {
  return startDense(task, request, folder, options);
}

/**
 * Goes on with a detection from its newest intact checkpoint, exactly as if it had never stopped. Throws SourceChangedError
 * where its images are others than it began with, unless that is accepted.
 */
export function resumeDetector(folder: string, options: ResumeOverrides & EventOptions = {}): Promise<DetectResult> {
  return resumeDense(task, folder, options);
}

const task: DenseTask<DetectRequest, DetectConfig, DetectionSet, TrainedDetectorReport> = {
  async open(folder, split, waits) {
    const set = await openDetectionSet(folder, split, waits);
    if (set.objects.some(({ length }) => length > 0)) return set;
    throw new EvaluationError({
      expected: `objects in the ${split} images of ${folder}`,
      found: "none",
      remedy: "Give a set with objects in both of its parts",
    });
  },
  checksum: async ({ checksum }) => checksum,
  configure(request, { shape }, sets, facts) {
    const { recipe = "small", layers = [], choices: given = {} } = request;
    const choices = resolveDetect([...layers, { origin: "the given choices", values: given }], {
      recipe,
      encoder: shape,
      fromScratch: request.from === "scratch",
      images: sets.train.source.count,
    });
    checkMasks(choices, sets.train);
    return { task: "detect", ...facts, classes: sets.train.instances.categories, ...choices };
  },
  parse: parseDetectConfig,
  train,
};

/** The sections of a configuration that decide what is learnt. */
const DECISIVE = [
  ...(["seed", "rateDecay", "head", "sampling", "encoder", "classes", "model"] as const),
  ...(["augmentation", "regularization", "schedule", "optimizer"] as const),
] as const;

function train({ run, sets, kept, events, start }: DenseRun<DetectConfig, DetectionSet>): Promise<DetectResult> {
  const { config } = run;
  let inputsOf: ReturnType<typeof detectInputs> | undefined;
  const pictures = new DetectPictures(config, sets.test, sets.train.source.count);
  return superviseRun(
    {
      run,
      kept,
      images: sets.train.source.count,
      imageSize: config.augmentation.imageSize,
      definition(own) {
        const detector = detectorOf(own);
        const whole = { batchSize: config.schedule.batchSize, communicator: events.communicator };
        inputsOf = detectInputs(own, sets.train, detector, whole);
        return definitionOf(own, detector);
      },
      batches: batchOptions(config, sets.train, events),
      decisive: DECISIVE,
      parse: parseDetectConfig,
      start: start && ((training) => writeFirstWeights(training, detectorOf(config).parameters, start, config.seed)),
      check: () => checkClasses(config, sets),
      announce: (derived, facts) => announceDetect(run, derived, { set: sets.train, ...facts }),
      decay: decayOf(config),
      inputsOf: (batch, training) => inputsOf!(batch, training),
      pictures: (training, totalSteps) => pictures.open(training, totalSteps),
      report: (training, summary) => pictures.report(run, training, summary, events),
    },
    events,
  );
}

/** The model of a configuration, for one of its micro-batches. */
function detectorOf(config: DetectConfig): DetectorInTraining {
  const { sampling, regularization, schedule, model } = config;
  const { dropPath } = regularization;
  return detectorInTraining(detectorShapeOf(config), schedule.microBatch, model.normalization, {
    ...sampling,
    dropPath,
  });
}

/** What a detection of this configuration minimises, and how. */
function definitionOf(config: DetectConfig, { loss, metrics, parameters }: DetectorInTraining): TrainingDefinition {
  const { batchSize, microBatch } = config.schedule;
  const { betas, epsilon, weightDecay, layerDecay } = config.optimizer;
  return {
    name: "detect",
    loss,
    metrics,
    parameters: fineTuned(parameters, config.model.shape.depth, layerDecay),
    optimizer: { beta1: betas[0], beta2: betas[1], epsilon, weightDecay },
    microBatches: batchSize / microBatch,
    engine: openEngine(config.run),
  };
}

function batchOptions(config: DetectConfig, { source, boxes }: DetectionSet, events: RunEvents): BatchOptions {
  const { model, schedule, seed, data, augmentation } = config;
  const { imageSize, scale, flip, colorJitter } = augmentation;
  return {
    source,
    imageSize,
    channels: channelsOf(model.shape),
    batchSize: schedule.batchSize,
    seed,
    targets: { boxes },
    augmentation: {
      kind: "scaled",
      fit: "inside",
      scale,
      flipProbability: flip ? 0.5 : 0,
      ...(colorJitter && { colorJitter }),
      fill: meanPixel(model.normalization),
    },
    background: model.background,
    memoryBudget: data.memoryBudgetMiB * 2 ** 20,
    unreadableShare: data.maxUnreadableShare,
    ...(data.workers > 0 && { workers: data.workers }),
    ...(events.signal && { signal: events.signal }),
    onSkip: (skipped) => events.emit({ type: "skipped", ...skipped }),
  };
}

/** Throws EvaluationError where masks are to be learnt, and none is marked. */
function checkMasks({ head }: DetectChoices, { instances }: DetectionSet): void {
  if (!head.masks || instances.annotations.some(({ segmentation }) => segmentation !== undefined)) return;
  throw new EvaluationError({
    expected: "objects with masks (segmentation in the annotations)",
    found: "boxes alone",
    remedy: "To learn boxes: --set head.masks=false",
  });
}

/** Of images that were accepted as they are now, the classes at least must be the same. */
function checkClasses(config: DetectConfig, { train, test }: DenseSets<DetectionSet>): void {
  const shown = (classes: DetectConfig["classes"]) => classes.map(({ id, name }) => `${id} ${name}`).join(", ");
  for (const { instances } of [train, test]) {
    const found = shown([...instances.categories]);
    if (found === shown(config.classes)) continue;
    throw new EvaluationError({
      expected: `the categories that the run began with: ${shown(config.classes)}`,
      found,
      remedy: "Restore the set, or start a new run",
    });
  }
}
