// Fine-tuning: a pre-trained encoder and a new head learn classes together, in a run that can be stopped and resumed.

import { absolutePaths, type ConfigLayer, type SomeOf } from "../../config/config.js";
import { type BatchOptions, openBatches, planBatchMemory, selectImages } from "../../data/index.js";
import { openEngine } from "../../engine/index.js";
import { engineThreads } from "../../engine/machine.js";
import { input } from "../../graph/index.js";
import { classifier, fineTuned, trainingScores } from "../../heads/classifier.js";
import { crossEntropy } from "../../heads/cross-entropy.js";
import { ParameterScope } from "../../nn/parameters.js";
import { channelsOf } from "../../nn/presets.js";
import { initialValues } from "../../optim/initial-values.js";
import { createTraining, planTraining, type Training, type TrainingDefinition } from "../../optim/training.js";
import { deriveSchedule } from "../../training/derived.js";
import type { EventOptions } from "../../training/events.js";
import { classifierShapeOf } from "../../training/fine-tuned.js";
import type { ResumeOverrides, RunSummary } from "../../training/hooks.js";
import { trainLoop } from "../../training/loop.js";
import { checkMemory, type MemoryPart, switchOffRun } from "../../training/memory-check.js";
import { restoreState, stateTensors } from "../../training/model-state.js";
import { batchParts, bytesWithImages, isOnGpu } from "../../training/planned-memory.js";
import type { PretrainedModel } from "../../training/pretrained.js";
import { newestFitting } from "../../training/restore.js";
import { readConfigFile } from "../../training/run-config.js";
import { RunDirectory, refuseRunAmongImages, runPaths, withRun } from "../../training/run-directory.js";
import { RunEvents } from "../../training/run-events.js";
import { checkThreads, runHere } from "../../training/threads.js";
import { EvaluationError } from "../errors.js";
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
export interface FinetuneResult {
  readonly summary: RunSummary;
  /** Null where the run was stopped before its end. */
  readonly report: FinetuneReport | null;
}

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
  return withRun(await RunDirectory.create(folder, checked), events, (run) =>
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
  const stored = parseFinetuneConfig(readConfigFile(folder), runPaths(folder).config);
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
  const opened = await RunDirectory.open(folder, { ...moved, run: runHere(stored.run, options, events.note) });
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
async function train(
  run: FinetuneRun,
  sets: LabelledSets,
  kept: FinetuneImages,
  events: RunEvents,
  start?: PretrainedModel,
): Promise<FinetuneResult> {
  const { config } = run;
  const images = sets.train.indices.length;
  for (const set of [kept.train, kept.test]) await run.keepImages(set);
  const definition = finetuneDefinition(config);
  const plan = planBatchMemory(batchOptions(config, sets, events));
  const memory = [...trainingParts(config, definition), ...batchParts(plan)];
  checkMemory(memory, { enabled: config.run.memoryCheck, switchOff: switchOffRun, warn: events.warn });
  const batches = await events.during("Reading images into memory", (onProgress) =>
    openBatches({ ...batchOptions(config, sets, events), onProgress }),
  );
  try {
    const training = await events.duringBusy("Compiling the training step", () => createTraining(definition));
    const snapshot = async () => ({
      tensors: await stateTensors(training),
      metadata: { config: JSON.stringify(config), images: String(images) },
    });
    if (start !== undefined) {
      await startWeights(training, config, start);
      // From here on, the run needs the encoder's own file no more.
      await events.during("Writing the checkpoint", async () => run.saveCheckpoint({ step: 0, ...(await snapshot()) }));
    }
    const trainedOn = kept.train.accepts ? undefined : images;
    const doneSteps = await events.during("Reading the newest checkpoint", async () => {
      const checkpoint = await newestFitting(run, trainedOn, DECISIVE, parseFinetuneConfig, events);
      if (checkpoint !== undefined) await restoreState(training, checkpoint);
      return checkpoint?.step ?? 0;
    });
    checkClasses(run, sets);
    const repaired = await run.startMetrics(doneSteps);
    if (repaired !== undefined) events.warn(repaired);
    const { batchSize } = config.schedule;
    const derived = deriveSchedule(config, batches.stepsPerEpoch * batchSize);
    const announcement = announceFinetune(run, derived, {
      images,
      held: batches.description,
      threads: config.run.threads || engineThreads(),
      memoryBytes: bytesWithImages(memory, batches.memory),
      doneSteps,
    });
    const { totalSteps } = derived;
    events.announce({ ...announcement, totalSteps, doneSteps, batchSize, logEvery: config.run.logEvery });
    const inputsOf = batchInputs(config, sets.train);
    const summary = await trainLoop(
      {
        run,
        training,
        batches,
        batchSize,
        schedule: { ...derived, peak: derived.learningRate, floor: config.schedule.minLearningRate },
        doneSteps,
        inputsOf,
        step: (inputs, options) => training.step(inputs, { ...options, clipNorm: config.optimizer.clipNorm }),
        snapshot,
      },
      events,
    );
    const report = summary.outcome === "finished" ? await reportFinetune(run, training, sets, summary, events) : null;
    training.dispose();
    events.emit({ type: "finished", outcome: summary.outcome, summary });
    return { summary, report };
  } finally {
    await batches.close();
  }
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

/** The memory of weights and program. */
function trainingParts({ schedule, model, run }: FinetuneConfig, definition: TrainingDefinition): MemoryPart[] {
  const { arrayBytes, programBytes } = planTraining(definition);
  const { microBatch } = schedule;
  const computing = `computing ${microBatch} images of ${model.shape.imageSize} pixels at once`;
  const onGpu = isOnGpu(run);
  return [
    { name: "weights, gradients and optimizer state", bytes: arrayBytes, lower: "the encoder's size" },
    { name: computing, bytes: programBytes, lower: "schedule.microBatch", onGpu },
  ];
}

/** The encoder's weights as they were learnt, and a new head. */
async function startWeights({ values }: Training, config: FinetuneConfig, { tensors }: PretrainedModel): Promise<void> {
  const scope = new ParameterScope();
  classifier(scope, classifierShapeOf(config));
  for (const parameter of scope.parameters) {
    const learnt = tensors.get(parameter.name)?.data;
    await values[parameter.name]!.write(learnt ?? initialValues(parameter, config.seed));
  }
}

function copyOf(source: string | readonly string[]): string | string[] {
  return typeof source === "string" ? source : [...source];
}
