// A pre-training run from its configuration or from its newest checkpoint: opens what it needs, announces, trains.

import {
  absolutePaths,
  checkImageCount,
  groupSize,
  type PretrainChoices,
  type PretrainConfig,
  parseConfig,
  resolveConfig,
} from "../config/config.js";
import { ConfigError } from "../config/errors.js";
import { type BatchOptions, type ImageSource, openBatches, planBatchMemory } from "../data/index.js";
import { engineThreads } from "../engine/machine.js";
import { sizeOf } from "../graph/index.js";
import { methodOf } from "../methods/registry.js";
import { channelsOf } from "../nn/presets.js";
import type { Training } from "../optim/training.js";
import { fromFirst } from "../processes/agreement.js";
import { printable } from "../terminal/printable.js";
import { throwIfStopped } from "../terminal/waiting.js";
import { formatAnnouncement } from "./announce.js";
import { deriveSchedule } from "./derived.js";
import { HealthWatch } from "./health.js";
import type { CreateEvaluator, ResumeOptions, RunOptions, RunSummary } from "./hooks.js";
import { goOnWithImages, KeptImages } from "./kept-images.js";
import { createLearner, type Learner } from "./learner.js";
import { type LoopParts, trainLoop } from "./loop.js";
import { measureData } from "./measured-normalization.js";
import { switchOffRun } from "./memory-check.js";
import { reconstructionOf } from "./model.js";
import { openImages } from "./open-images.js";
import { bytesWithImages, planMemory } from "./planned-memory.js";
import { createReconstructor, pictureImages } from "./reconstructor.js";
import { newestFitting } from "./restore.js";
import { readRunConfig } from "./run-config.js";
import type { RunDirectory } from "./run-directory.js";
import { RunEvents } from "./run-events.js";
import { refuseRunAmongImages } from "./run-folder.js";
import { givenPositions, openStartWeights, type TakenWeights, takeWeights, withPositions } from "./start-weights.js";
import { checkThreads, runHere } from "./threads.js";
import { createRun, describeProcesses, divideRun, openRun, sharePositions, shareState } from "./together.js";
import { withRun } from "./with-run.js";

type PretrainRun = RunDirectory<PretrainConfig>;

/** The sections of a configuration that decide what a run learns. */
const DECISIVE = ["method", "seed", "model", "methodOptions", "data", "schedule", "optimizer"] as const;

/**
 * Starts a new run in `folder`, of a whole configuration or of what is chosen of one over the defaults, and resolves
 * when it has taken its last step or was stopped. Rejects with the errors of the parts, all of which say what to do,
 * and with the signal's reason where it was stopped before the first step.
 */
export async function pretrain(chosen: PretrainChoices, folder: string, options: RunOptions = {}): Promise<RunSummary> {
  const config = resolveConfig(chosen);
  const events = new RunEvents(options);
  checkThreads(config.run);
  refuseRunAmongImages(folder, [config.source, config.evaluation.source]);
  const source = await openImages(config.source, config.data.split, events);
  const start = events.isFirst ? await readStart(config, events) : undefined;
  const kept = start === undefined ? config : { ...config, weights: start.identity };
  return withRun(await createRun(folder, kept, events), events, (run) =>
    runFrom(run, kept, source, KeptImages.begin(run.paths.images, source), events, options.createEvaluator, start),
  );
}

/**
 * Goes on with the run in `folder` from its newest intact checkpoint, exactly as if it had never stopped. Throws
 * SourceChangedError where its images are others than it began with, unless that is accepted.
 */
export async function resume(folder: string, options: ResumeOptions = {}): Promise<RunSummary> {
  const events = new RunEvents(options);
  const stored = await fromFirst(events.communicator, () => readRunConfig(folder));
  const moved = { ...stored, source: absolutePaths(options.source ?? stored.source) };
  const opened = await openRun(folder, { ...moved, run: runHere(stored.run, options, events.note) }, events);
  return withRun(opened, events, async (run) => {
    const source = await openImages(moved.source, moved.data.split, events);
    const images = await goOnWithImages(run.paths.images, source, folder, options, events);
    if (options.source !== undefined) await run.writeConfig(moved);
    return runFrom(run, moved, source, images, events, options.createEvaluator);
  });
}

/** `stored` is what config.json says, without what is adapted to this machine. */
async function runFrom(
  run: PretrainRun,
  stored: PretrainConfig,
  source: ImageSource,
  images: KeptImages,
  events: RunEvents,
  createEvaluator: CreateEvaluator | undefined,
  /** Read again where it is not given and there is no checkpoint yet. */
  start?: TakenWeights,
): Promise<RunSummary> {
  events.note(printable(source.description));
  const { communicator } = events;
  await run.keepImages(images);
  const measured = await fromFirst(communicator, () => measureData(run.config, source, events));
  if (measured !== undefined) await run.writeConfig({ ...stored, data: measured }, { ...run.config, data: measured });
  const { config } = run;
  const own = await divideRun(config, communicator, { groupSize: groupSize(config) });
  const options = { ...batchOptions(config, source, events), places: own.share.places };
  const memory = planMemory(own.config, planBatchMemory(options), {
    ...(own.availableBytes !== undefined && { availableBytes: own.availableBytes }),
    enabled: config.run.memoryCheck,
    switchOff: switchOffRun,
    warn: events.warn,
  });
  checkImageCount(config, source.count);
  const batches = await events.during("Reading images into memory", (onProgress) =>
    openBatches({ ...options, onProgress }),
  );
  try {
    const derived = deriveSchedule(config, batches.stepsPerEpoch * config.schedule.batchSize);
    const trainedOn = images.accepts ? undefined : source.count;
    // The first process reads what there is, and gives it to the others.
    const checkpoint = await events.during("Reading the newest checkpoint", async () =>
      events.isFirst ? newestFitting(run, trainedOn, DECISIVE, parseConfig, events) : undefined,
    );
    const doneSteps = await fromFirst(communicator, () => checkpoint?.step ?? 0);
    const isBegun = checkpoint !== undefined || !events.isFirst;
    const taken = isBegun ? undefined : (start ?? (await readStart(config, events)));
    const positions = await sharePositions(communicator, () =>
      checkpoint === undefined ? taken?.positions : withPositions(config, checkpoint).model.positions,
    );
    const built = givenPositions(own.config, positions);
    const learner = await events.duringBusy("Compiling the training step", () =>
      createLearner(built, derived, taken?.tensors, own.combiner),
    );
    const { training } = learner;
    const snapshot = async () => ({
      tensors: await learner.tensors(),
      metadata: { config: JSON.stringify(config), images: String(source.count) },
    });
    if (checkpoint !== undefined) await learner.restore(checkpoint);
    await shareState(communicator, training, learner.further);
    const repaired = await run.startMetrics(doneSteps);
    if (repaired !== undefined) events.warn(repaired);
    const pictures = await events.during("Preparing the pictures", async () =>
      events.isFirst ? openPictures(built, source, training, derived.totalSteps) : undefined,
    );
    const evaluator = events.isFirst ? await openEvaluator(built, learner, events, createEvaluator) : undefined;
    const stepSeconds = await events.duringBusy("Timing a step", () =>
      estimateStepSeconds(training, own.share.places.length / own.share.microBatch),
    );
    await throwIfStopped(events.signal);
    if (taken !== undefined) {
      // From here on, the run needs the file of the weights no more, and has begun.
      await events.during("Writing the checkpoint", async () => run.saveCheckpoint({ step: 0, ...(await snapshot()) }));
      events.emit({ type: "weights", ...taken.report });
    }
    const announcement = formatAnnouncement({
      folder: run.folder,
      config,
      derived,
      imagesHeld: batches.description,
      parameters: countParameters(training),
      threads: own.config.run.threads || engineThreads(),
      processes: describeProcesses(communicator, own.share),
      memoryBytes: bytesWithImages(memory, batches.memory),
      seconds: stepSeconds * (derived.totalSteps - doneSteps),
      doneSteps,
    });
    const { batchSize, minLearningRate } = config.schedule;
    const { totalSteps } = derived;
    events.announce({ ...announcement, totalSteps, doneSteps, batchSize, logEvery: config.run.logEvery });
    if (evaluator) events.note(`Every ${config.evaluation.every} steps: ${evaluator.description}`);
    const summary = await trainLoop(
      {
        run,
        training,
        batches,
        batchSize,
        schedule: { ...derived, peak: derived.learningRate, floor: minLearningRate },
        doneSteps,
        watch: watchHealth(config, totalSteps, events),
        inputsOf: learner.inputsOf,
        step: learner.step,
        snapshot,
        ...(evaluator && { evaluation: { every: config.evaluation.every, evaluate: evaluator.evaluate } }),
        ...(pictures && { pictures }),
      },
      events,
    );
    training.dispose();
    events.emit({ type: "finished", outcome: summary.outcome, summary });
    return summary;
  } finally {
    await batches.close();
  }
}

/** What a run takes of the weights that its configuration names; undefined where it names none. */
async function readStart(config: PretrainConfig, events: RunEvents): Promise<TakenWeights | undefined> {
  const { weights } = config;
  if (weights === null) return undefined;
  return events.during("Reading the weights", async () =>
    takeWeights(config, await openStartWeights(weights, events.warn)),
  );
}

/** Warns of what the metrics are a sign of. */
function watchHealth(config: PretrainConfig, totalSteps: number, events: RunEvents): LoopParts["watch"] {
  const watch = new HealthWatch(config, totalSteps);
  return (metrics) => {
    for (const { sign, lines } of watch.see(metrics)) events.warn(lines.join("\n"), sign);
  };
}

/** Sheets of reconstructions, from a method that makes them and a source that has enough readable images. */
async function openPictures(
  config: PretrainConfig,
  source: ImageSource,
  { values, engine }: Training,
  totalSteps: number,
): Promise<LoopParts["pictures"]> {
  const task = reconstructionOf(config);
  if (task === undefined) return undefined;
  const sample = await pictureImages(source, config);
  if (sample.length === 0) return undefined;
  const reconstructor = await createReconstructor(config, task, sample, values, engine);
  return {
    every: config.run.picturesEvery,
    draw: (step, loss) =>
      reconstructor.draw(`${config.method} after step ${step} of ${totalSteps}, loss ${loss.toFixed(4)}`),
  };
}

async function openEvaluator(
  config: PretrainConfig,
  { encoder, training }: Learner,
  events: RunEvents,
  create: CreateEvaluator | undefined,
) {
  if (config.evaluation.source === null) return undefined;
  if (create !== undefined) return create(config, { engine: training.engine, weights: encoder }, events);
  throw new ConfigError([
    "evaluation.source: this program was given nothing to evaluate with. Set it to null, or pass createEvaluator",
  ]);
}

function batchOptions(config: PretrainConfig, source: ImageSource, events: RunEvents): BatchOptions {
  const { background, workers, memoryBudgetMiB, maxUnreadableShare } = config.data;
  return {
    source,
    imageSize: config.model.imageSize,
    channels: channelsOf(config.model),
    batchSize: config.schedule.batchSize,
    seed: config.seed,
    minimumSize: config.model.patchSize,
    views: methodOf(config).views(config),
    background,
    memoryBudget: memoryBudgetMiB * 2 ** 20,
    unreadableShare: maxUnreadableShare,
    ...(workers > 0 && { workers }),
    ...(events.signal && { signal: events.signal }),
    onSkip: (skipped) => events.emit({ type: "skipped", ...skipped }),
  };
}

/** The first run of a program also allocates, so the second is timed; neither updates anything. */
async function estimateStepSeconds(training: Training, accumulation: number): Promise<number> {
  await training.rehearse();
  return ((await training.rehearse()) * accumulation) / 1000;
}

function countParameters({ state }: Training): Record<string, number> {
  const partOf = (name: string) =>
    name.startsWith("decoder") || name === "mask_token" ? "decoder" : name.startsWith("head.") ? "head" : "encoder";
  const counts: Record<string, number> = {};
  for (const { name, shape } of state.parameters.tensors)
    counts[partOf(name)] = (counts[partOf(name)] ?? 0) + sizeOf(shape);
  return counts;
}
