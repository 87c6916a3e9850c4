// Training of a segmentation: a pre-trained encoder and a new head learn classes of pixels, in a run that can be resumed.

import type { ConfigLayer, SomeOf } from "../../config/config.js";
import type { BatchOptions } from "../../data/index.js";
import { openEngine } from "../../engine/index.js";
import { fineTuned } from "../../heads/classifier.js";
import { RunningStatistics } from "../../heads/running-statistics.js";
import { type SegmenterInTraining, segmenterInTraining } from "../../heads/segmenter.js";
import { meanPixel } from "../../nn/pixels.js";
import { channelsOf } from "../../nn/presets.js";
import type { TrainingDefinition } from "../../optim/training.js";
import type { EventOptions } from "../../training/events.js";
import type { ResumeOverrides } from "../../training/hooks.js";
import { tensorOf } from "../../training/model-state.js";
import type { RunEvents } from "../../training/run-events.js";
import { type FurtherState, type SupervisedResult, superviseRun } from "../../training/supervised-run.js";
import { type DenseRun, type DenseSets, type DenseTask, resumeDense, startDense } from "../dense-run.js";
import { EvaluationError } from "../errors.js";
import { writeFirstWeights } from "../first-weights.js";
import type { ModelRequest } from "../model.js";
import { announceSegment } from "./announce.js";
import {
  parseSegmentConfig,
  resolveSegment,
  type SegmentChoices,
  type SegmentConfig,
  segmenterShapeOf,
} from "./config.js";
import type { TrainedSegmenterReport } from "./evaluate-segmenter.js";
import { LabelledPixels } from "./labelled-pixels.js";
import { maskChecksum } from "./mask-checksum.js";
import type { SegmentRecipeName } from "./recipes.js";
import { segmentInputs } from "./segment-inputs.js";
import { SegmentPictures } from "./segment-pictures.js";
import { openSegmentationSet, type SegmentationSet } from "./segmentation-set.js";

/** Which encoder learns the classes of which pixels, and how. */
export interface SegmentRequest extends ModelRequest {
  /** The folder of a set: ADE20K's layout, composed scenes, or `images` and `masks`. */
  readonly images: string;
  /** "small" by default. */
  readonly recipe?: SegmentRecipeName;
  /** Values over those of the recipe. */
  readonly choices?: SomeOf<SegmentChoices>;
  /** Layers of values below those, first the weakest; errors name their origins. */
  readonly layers?: readonly ConfigLayer[];
}

/** How a training ended. */
export type SegmentResult = SupervisedResult<TrainedSegmenterReport>;

/**
 * Starts a segmentation in a new folder, and resolves when it is tested or was stopped. Throws OutputError, ConfigError,
 * EvaluationError and the errors of the parts, and the signal's reason where it was stopped before the first step.
 */
export function trainSegmenter(
  request: SegmentRequest,
  folder: string,
  options: EventOptions = {},
): Promise<SegmentResult> {
  return startDense(task, request, folder, options);
}

/**
 * Goes on with a segmentation from its newest intact checkpoint, exactly as if it had never stopped. Throws
 * SourceChangedError where its images are others than it began with, unless that is accepted.
 */
export function resumeSegmenter(folder: string, options: ResumeOverrides & EventOptions = {}): Promise<SegmentResult> {
  return resumeDense(task, folder, options);
}

const task: DenseTask<SegmentRequest, SegmentConfig, SegmentationSet, TrainedSegmenterReport> = {
  open: (folder, split, waits) => openSegmentationSet(folder, split, { waits }),
  checksum: ({ masks, source }, waits) => maskChecksum(masks, source.count, waits),
  configure(request, { shape }, { train: { source, classes, colors } }, facts) {
    const { recipe = "small", layers = [], choices: given = {} } = request;
    const choices = resolveSegment([...layers, { origin: "the given choices", values: given }], {
      recipe,
      encoder: shape,
      fromScratch: request.from === "scratch",
      images: source.count,
    });
    return { task: "segment", ...facts, classes, ...(colors && { colors }), ...choices };
  },
  parse: parseSegmentConfig,
  train,
};

/** The sections of a configuration that decide what is learnt. */
const DECISIVE = [
  ...(["seed", "head", "encoder", "classes", "model"] as const),
  ...(["augmentation", "regularization", "schedule", "optimizer"] as const),
] as const;

function train({ run, sets, kept, events, start }: DenseRun<SegmentConfig, SegmentationSet>): Promise<SegmentResult> {
  const { config } = run;
  const { schedule } = config;
  const segmenter = segmenterOf(config);
  const labelled = new LabelledPixels(events.communicator, schedule.batchSize);
  const running = new RunningStatistics(segmenter.statistics);
  const pictures = new SegmentPictures(config, sets.test, running, sets.train.source.count);
  return superviseRun(
    {
      run,
      kept,
      images: sets.train.source.count,
      imageSize: config.augmentation.cropSize,
      definition: (own) =>
        labelled.isDivided
          ? { ...definitionOf(own, segmenterOf(own, true)), heldInputs: labelled.inputs(own.schedule.microBatch) }
          : definitionOf(own, segmenter),
      batches: batchOptions(config, sets.train, events),
      decisive: DECISIVE,
      parse: parseSegmentConfig,
      start: start && ((training) => writeFirstWeights(training, segmenter.parameters, start, config.seed)),
      state: stateOf(running),
      check: () => checkClasses(config, sets),
      announce: (derived, facts) => announceSegment(run, derived, { set: sets.train, ...facts }),
      decay: { kind: "linear" },
      inputsOf: segmentInputs(config),
      step: async (training, inputs, options) => {
        await labelled.count(inputs);
        return running.take(await training.step(inputs, options));
      },
      pictures: (training, totalSteps) => pictures.open(training, totalSteps),
      report: (training, summary) => pictures.report(run, training, summary, events),
    },
    events,
  );
}

/** The model of a configuration, for one of its micro-batches. */
function segmenterOf(config: SegmentConfig, isDivided = false): SegmenterInTraining {
  const { head, regularization, schedule, model } = config;
  return segmenterInTraining(segmenterShapeOf(config), schedule.microBatch, model.normalization, {
    dropout: head.dropout,
    dropPath: regularization.dropPath,
    auxiliaryWeight: head.kind === "upernet" ? head.auxiliaryWeight : 0,
    isDivided,
  });
}

/** What a segmentation of this configuration minimises, and how. */
function definitionOf(config: SegmentConfig, { loss, metrics, parameters }: SegmenterInTraining): TrainingDefinition {
  const { batchSize, microBatch } = config.schedule;
  const { betas, epsilon, weightDecay, layerDecay } = config.optimizer;
  return {
    name: "segment",
    loss,
    metrics,
    parameters: fineTuned(parameters, config.model.shape.depth, layerDecay),
    optimizer: { beta1: betas[0], beta2: betas[1], epsilon, weightDecay },
    microBatches: batchSize / microBatch,
    engine: openEngine(config.run),
  };
}

/** Running statistics as a checkpoint holds them. */
function stateOf({ values }: RunningStatistics): FurtherState {
  return {
    arrays: () => values.values(),
    tensors: () => [...values].map(([name, data]) => ({ name, dtype: "F32", shape: [data.length], data }) as const),
    restore(checkpoint) {
      for (const [name, data] of values) data.set(tensorOf(checkpoint, name, [data.length]));
    },
  };
}

function batchOptions(config: SegmentConfig, { source, masks }: SegmentationSet, events: RunEvents): BatchOptions {
  const { model, schedule, seed, data, augmentation } = config;
  const { cropSize, scale, flip, maxClassShare, colorJitter } = augmentation;
  return {
    source,
    imageSize: cropSize,
    channels: channelsOf(model.shape),
    batchSize: schedule.batchSize,
    seed,
    targets: { masks },
    augmentation: {
      kind: "scaled",
      scale,
      flipProbability: flip ? 0.5 : 0,
      maxClassShare,
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

/** Of images that were accepted as they are now, the classes at least must be the same. */
function checkClasses(config: SegmentConfig, { train, test }: DenseSets<SegmentationSet>): void {
  for (const { classes } of [train, test]) {
    if (classes.join("\n") === config.classes.join("\n")) continue;
    throw new EvaluationError({
      expected: `the classes that the run began with: ${config.classes.join(", ")}`,
      found: classes.join(", "),
      remedy: "Restore the set, or start a new run",
    });
  }
}
