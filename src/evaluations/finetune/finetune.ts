// Fine-tuning: a pre-trained encoder and a new head learn classes together, in a run that can be stopped and resumed.

import { absolutePaths, type ConfigLayer, type SomeOf } from "../../config/config.js";
import { type BatchOptions, selectImages } from "../../data/index.js";
import { openEngine } from "../../engine/index.js";
import { input } from "../../graph/index.js";
import { classifier, fineTuned, trainingScores } from "../../heads/classifier.js";
import { crossEntropy } from "../../heads/cross-entropy.js";
import { type Parameter, ParameterScope } from "../../nn/parameters.js";
import { channelsOf } from "../../nn/presets.js";
import type { TrainingDefinition } from "../../optim/training.js";
import { fromFirst } from "../../processes/agreement.js";
import type { EventOptions } from "../../training/events.js";
import { classifierShapeOf } from "../../training/fine-tuned.js";
import type { ResumeOverrides } from "../../training/hooks.js";
import type { PretrainedModel } from "../../training/pretrained.js";
import { readConfigFile } from "../../training/run-config.js";
import type { RunDirectory } from "../../training/run-directory.js";
import { RunEvents } from "../../training/run-events.js";
import { refuseRunAmongImages, runPaths } from "../../training/run-folder.js";
import { type SupervisedResult, superviseRun } from "../../training/supervised-run.js";
import { checkThreads, runHere } from "../../training/threads.js";
import { createRun, openRun } from "../../training/together.js";
import { withRun } from "../../training/with-run.js";
import { EvaluationError } from "../errors.js";
import { writeFirstWeights } from "../first-weights.js";
import { type LabelledSets, type LabelledSetsRequest, openLabelledSets } from "../labelled-sets.js";
import { fingerprint, type ModelRequest, openModel } from "../model.js";
import { announceFinetune } from "./announce.js";
import { batchInputs } from "./batch-inputs.js";
import { type FinetuneChoices, type FinetuneConfig, parseFinetuneConfig, resolveFinetune } from "./config.js";
import { beginImages, checkClasses, type FinetuneImages, goOnWithImages } from "./finetune-images.js";
import { type FinetuneReport, reportFinetune } from "./finetune-report.js";
import type { RecipeName } from "./recipes.js";

/** Which encoder learns the classes of which images, and how. */
export interface FinetuneRequest extends ModelRequest, LabelledSetsRequest {
  /** "small" by default. */
  readonly recipe?: RecipeName;
  /** Values over those of the recipe. */
  readonly choices?: SomeOf<FinetuneChoices>;
  /** Layers of values below those, first the weakest; errors name their origins. */
  readonly layers?: readonly ConfigLayer[];
}

/** How a fine-tuning ended. */
export type FinetuneResult = SupervisedResult<FinetuneReport>;

type FinetuneRun = RunDirectory<FinetuneConfig>;

/**
 * Starts a fine-tuning in a new folder, and resolves when it is tested or was stopped. Throws OutputError, ConfigError,
 * EvaluationError and the errors of the parts, and the signal's reason where it was stopped before the first step.
 */
export async function finetune(
  request: FinetuneRequest,
  folder: string,
  options: EventOptions = {},
): Promise<FinetuneResult> {
  const events = new RunEvents(options);
  refuseRunAmongImages(folder, [request.train, request.test]);
  const sets = await openLabelledSets(request, events, events.warn);
  const model = await events.during("Reading the encoder", () => openModel(request));
  const { recipe = "small", layers = [], choices: given = {} } = request;
  const choices = resolveFinetune([...layers, { origin: "the given choices", values: given }], {
    recipe,
    encoder: model.shape,
    fromScratch: request.from === "scratch",
    images: sets.train.indices.length,
  });
  checkThreads(choices.run);
  const { labelsFraction = 1, seed = 0 } = request;
  const { shape, normalization, background } = model;
  const config: FinetuneConfig = {
    task: "finetune",
    from: { origin: model.origin, fingerprint: fingerprint(model) },
    train: copyOf(request.train),
    ...(request.test !== undefined && { test: copyOf(request.test) }),
    ...(request.holdout !== undefined && { holdout: request.holdout }),
    labels: { fraction: labelsFraction, seed },
    classes: [...sets.classes],
    // Parsed once more, so that the folder holds plain values and nothing that only looks like them.
    model: { shape, normalization, background: [...background] as [number, number, number] } as FinetuneConfig["model"],
    ...choices,
  };
  const checked = parseFinetuneConfig(JSON.parse(JSON.stringify(config)), "the new configuration");
  return withRun(await createRun(folder, checked, events), events, (run) =>
    train(run, sets, beginImages(run, sets), events, model),
  );
}

/**
 * Goes on with a fine-tuning from its newest intact checkpoint, exactly as if it had never stopped. Throws
 * SourceChangedError where its images are others than it began with, unless that is accepted.
 */
export async function resumeFinetune(
  folder: string,
  options: ResumeOverrides & EventOptions = {},
): Promise<FinetuneResult> {
  const events = new RunEvents(options);
  const read = await fromFirst(events.communicator, () => readConfigFile(folder));
  const stored = parseFinetuneConfig(read, runPaths(folder).config);
  const { fraction, seed } = stored.labels;
  const { source, testSource } = options;
  if (testSource !== undefined && stored.holdout !== undefined) {
    throw new EvaluationError({
      expected: `no other test images: ${folder} is tested on images held out of those that it learns from`,
      found: [testSource].flat().join(", "),
      remedy: "Leave --test-source out",
    });
  }
  const moved = {
    ...stored,
    ...(source !== undefined && { train: copyOf(absolutePaths(source)) }),
    ...(testSource !== undefined && { test: copyOf(absolutePaths(testSource)) }),
  };
  const { train: from, test, holdout } = moved;
  const sets = await openLabelledSets({ train: from, test, holdout, labelsFraction: fraction, seed }, events);
  const opened = await openRun(folder, { ...moved, run: runHere(stored.run, options, events.note) }, events);
  return withRun(opened, events, async (run) => {
    const images = await goOnWithImages(run, sets, options, events);
    if (source !== undefined || testSource !== undefined) await run.writeConfig(moved);
    return train(run, sets, images, events);
  });
}

/** The sections of a configuration that decide what is learnt. */
const DECISIVE = [
  "seed",
  "pooling",
  "labels",
  "holdout",
  "classes",
  "model",
  "augmentation",
  "regularization",
  "schedule",
  "optimizer",
] as const;

/** `start` is the encoder that a new run begins with. */
function train(
  run: FinetuneRun,
  sets: LabelledSets,
  kept: FinetuneImages,
  events: RunEvents,
  start?: PretrainedModel,
): Promise<FinetuneResult> {
  const { config } = run;
  const images = sets.train.indices.length;
  return superviseRun(
    {
      run,
      kept: [kept.train, kept.test],
      images,
      imageSize: config.model.shape.imageSize,
      definition: finetuneDefinition,
      isMirrored: config.regularization.mixup > 0 || config.regularization.cutmix > 0,
      batches: batchOptions(config, sets, events),
      decisive: DECISIVE,
      parse: parseFinetuneConfig,
      start: start && ((training) => writeFirstWeights(training, classifierParameters(config), start, config.seed)),
      check: () => checkClasses(run, sets),
      announce: (derived, facts) => announceFinetune(run, derived, { images, ...facts }),
      inputsOf: batchInputs(config, sets.train),
      report: (training, summary) => reportFinetune(run, training, sets, summary, events),
    },
    events,
  );
}

function batchOptions(config: FinetuneConfig, sets: LabelledSets, events: RunEvents): BatchOptions {
  const { model, schedule, seed, data, augmentation } = config;
  const { scale, flip, randAugment, randomErasing } = augmentation;
  return {
    source: selectImages(sets.train.source, sets.train.indices),
    imageSize: model.shape.imageSize,
    channels: channelsOf(model.shape),
    batchSize: schedule.batchSize,
    seed,
    minimumSize: model.shape.patchSize,
    augmentation: {
      scale,
      flipProbability: flip ? 0.5 : 0,
      ...(randAugment && { randAugment }),
      ...(randomErasing && { randomErasing }),
    },
    background: model.background,
    memoryBudget: data.memoryBudgetMiB * 2 ** 20,
    unreadableShare: data.maxUnreadableShare,
    ...(data.workers > 0 && { workers: data.workers }),
    ...(events.signal && { signal: events.signal }),
    onSkip: (skipped) => events.emit({ type: "skipped", ...skipped }),
  };
}

/** What a fine-tuning of this configuration minimises, and how. */
function finetuneDefinition(config: FinetuneConfig): TrainingDefinition {
  const { batchSize, microBatch } = config.schedule;
  const { betas, epsilon, weightDecay, layerDecay } = config.optimizer;
  const { mixup, cutmix, dropPath } = config.regularization;
  const shape = classifierShapeOf(config);
  const scope = new ParameterScope();
  const scores = trainingScores(classifier(scope, shape), shape, microBatch, config.model.normalization, {
    mixed: mixup > 0 || cutmix > 0,
    dropPath: dropPath > 0,
  });
  return {
    name: "finetune",
    loss: crossEntropy(scores, input("targets", [microBatch, shape.classes])),
    parameters: fineTuned(scope.parameters, shape.encoder.depth, layerDecay),
    optimizer: { beta1: betas[0], beta2: betas[1], epsilon, weightDecay },
    microBatches: batchSize / microBatch,
    engine: openEngine(config.run),
  };
}

function classifierParameters(config: FinetuneConfig): readonly Parameter[] {
  const scope = new ParameterScope();
  classifier(scope, classifierShapeOf(config));
  return scope.parameters;
}

function copyOf(source: string | readonly string[]): string | string[] {
  return typeof source === "string" ? source : [...source];
}
