// Training of a segmentation: a pre-trained encoder and a new head learn classes of pixels, in a run that can be resumed.

import { absolutePaths, type ConfigLayer, type SomeOf } from "../../config/config.js";
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
import { KeptImages } from "../../training/kept-images.js";
import { tensorOf } from "../../training/model-state.js";
import type { PretrainedModel } from "../../training/pretrained.js";
import { readConfigFile } from "../../training/run-config.js";
import { RunDirectory, refuseRunAmongImages, runPaths, withRun } from "../../training/run-directory.js";
import { RunEvents } from "../../training/run-events.js";
import { type FurtherState, type SupervisedResult, superviseRun } from "../../training/supervised-run.js";
import { checkThreads, runHere } from "../../training/threads.js";
import { EvaluationError } from "../errors.js";
import { writeFirstWeights } from "../first-weights.js";
import { fingerprint, type ModelRequest, openModel } from "../model.js";
import { announceSegment } from "./announce.js";
import {
  parseSegmentConfig,
  resolveSegment,
  type SegmentChoices,
  type SegmentConfig,
  segmenterShapeOf,
} from "./config.js";
import type { TrainedSegmenterReport } from "./evaluate-segmenter.js";
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

/** Both parts of a set. */
interface Sets {
  readonly train: SegmentationSet;
  readonly test: SegmentationSet;
}

/**
 * Starts a segmentation in a new folder, and resolves when it is tested or was stopped. Throws OutputError, ConfigError,
 * EvaluationError and the errors of the parts, and the signal's reason where it was stopped before the first step.
 */
export async function trainSegmenter(
  request: SegmentRequest,
  folder: string,
  options: EventOptions = {},
): Promise<SegmentResult> {
  const events = new RunEvents(options);
  const images = absolutePaths(request.images) as string;
  refuseRunAmongImages(folder, [images]);
  const sets = await openSets(images, events);
  const model = await events.during("Reading the encoder", () => openModel(request));
  const { recipe = "small", layers = [], choices: given = {} } = request;
  const choices = resolveSegment([...layers, { origin: "the given choices", values: given }], {
    recipe,
    encoder: model.shape,
    fromScratch: request.from === "scratch",
    images: sets.train.source.count,
  });
  checkThreads(choices.run);
  const { shape, normalization, background } = model;
  const config: SegmentConfig = {
    task: "segment",
    from: { origin: model.origin, fingerprint: fingerprint(model) },
    images,
    classes: [...sets.train.classes],
    model: { shape, normalization, background: [...background] as [number, number, number] } as SegmentConfig["model"],
    ...choices,
  };
  // Parsed once more, so that the folder holds plain values and nothing that only looks like them.
  const checked = parseSegmentConfig(JSON.parse(JSON.stringify(config)), "the new configuration");
  return withRun(await RunDirectory.create(folder, checked), events, (run) => {
    const { paths } = run;
    const kept = [
      KeptImages.begin(paths.images, sets.train.source),
      KeptImages.begin(paths.testImages, sets.test.source),
    ] as const;
    return train(run, sets, kept, events, model);
  });
}

/**
 * Goes on with a segmentation from its newest intact checkpoint, exactly as if it had never stopped. Throws
 * SourceChangedError where its images are others than it began with, unless that is accepted.
 */
export async function resumeSegmenter(
  folder: string,
  options: ResumeOverrides & EventOptions = {},
): Promise<SegmentResult> {
  const events = new RunEvents(options);
  const stored = parseSegmentConfig(readConfigFile(folder), runPaths(folder).config);
  const { source } = options;
  if (Array.isArray(source) || options.testSource !== undefined) {
    throw new EvaluationError({
      expected: "one folder that holds the set with both of its parts",
      found: "several paths",
      remedy: "Give one with --source, and leave --test-source out",
    });
  }
  const moved = source === undefined ? stored : { ...stored, images: absolutePaths(source as string) as string };
  const sets = await openSets(moved.images, events);
  const opened = await RunDirectory.open(folder, { ...moved, run: runHere(stored.run, options, events.note) });
  return withRun(opened, events, async (run) => {
    const goOn = (path: string, set: SegmentationSet) => KeptImages.goOn(path, set.source, folder, options, events);
    const kept = [await goOn(run.paths.images, sets.train), await goOn(run.paths.testImages, sets.test)] as const;
    if (source !== undefined) await run.writeConfig(moved);
    return train(run, sets, kept, events);
  });
}

async function openSets(images: string, events: RunEvents): Promise<Sets> {
  const train = await openSegmentationSet(images, "training", { waits: events });
  return { train, test: await openSegmentationSet(images, "validation", { waits: events }) };
}

/** The sections of a configuration that decide what is learnt. */
const DECISIVE = [
  ...(["seed", "head", "encoder", "classes", "model"] as const),
  ...(["augmentation", "regularization", "schedule", "optimizer"] as const),
] as const;

/** `start` is the encoder that a new run begins with. */
function train(
  run: RunDirectory<SegmentConfig>,
  sets: Sets,
  kept: readonly [KeptImages, KeptImages],
  events: RunEvents,
  start?: PretrainedModel,
): Promise<SegmentResult> {
  const { config } = run;
  const { head, regularization, schedule, model } = config;
  const segmenter = segmenterInTraining(segmenterShapeOf(config), schedule.microBatch, model.normalization, {
    dropout: head.dropout,
    dropPath: regularization.dropPath,
    auxiliaryWeight: head.kind === "upernet" ? head.auxiliaryWeight : 0,
  });
  const running = new RunningStatistics(segmenter.statistics);
  const pictures = new SegmentPictures(config, sets.test, running, sets.train.source.count);
  return superviseRun(
    {
      run,
      kept,
      images: sets.train.source.count,
      imageSize: config.augmentation.cropSize,
      definition: definitionOf(config, segmenter),
      batches: batchOptions(config, sets.train, events),
      decisive: DECISIVE,
      parse: parseSegmentConfig,
      start: start && ((training) => writeFirstWeights(training, segmenter.parameters, start, config.seed)),
      state: stateOf(running),
      check: () => checkClasses(config, sets),
      announce: (derived, facts) => announceSegment(run, derived, { set: sets.train, ...facts }),
      decay: { kind: "linear" },
      inputsOf: segmentInputs(config),
      step: async (training, inputs, options) => running.take(await training.step(inputs, options)),
      pictures: (training, totalSteps) => pictures.open(training, totalSteps),
      report: (training, summary) => pictures.report(run, training, summary, events),
    },
    events,
  );
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
function checkClasses(config: SegmentConfig, { train, test }: Sets): void {
  for (const { classes } of [train, test]) {
    if (classes.join("\n") === config.classes.join("\n")) continue;
    throw new EvaluationError({
      expected: `the classes that the run began with: ${config.classes.join(", ")}`,
      found: classes.join(", "),
      remedy: "Restore the set, or start a new run",
    });
  }
}
