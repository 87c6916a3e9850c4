// A pre-training run from its configuration or from its newest checkpoint: opens what it needs, announces, trains.

import { absolutePaths, checkImageCount, type PretrainConfig } from "../config/config.js";
import { ConfigError } from "../config/errors.js";
import { type BatchOptions, describeSkip, type ImageSource, openBatches, planBatchMemory } from "../data/index.js";
import { engineThreads } from "../engine/machine.js";
import { sizeOf } from "../graph/index.js";
import { methodOf } from "../methods/registry.js";
import type { Training } from "../optim/training.js";
import { printable } from "../terminal/printable.js";
import { formatCount } from "../terminal/quantities.js";
import { throwIfStopped, Waiting } from "../terminal/waiting.js";
import { formatAnnouncement } from "./announce.js";
import { deriveSchedule } from "./derived.js";
import { HealthWatch, warningLines } from "./health.js";
import type { ResumeOverrides, RunHooks, RunSummary } from "./hooks.js";
import { KeptImages } from "./kept-images.js";
import { createLearner, type Learner } from "./learner.js";
import { type LoopParts, trainLoop } from "./loop.js";
import { switchOffRun } from "./memory-check.js";
import { reconstructionOf } from "./model.js";
import { openImages } from "./open-images.js";
import { bytesWithImages, planMemory } from "./planned-memory.js";
import { createReconstructor, pictureImages } from "./reconstructor.js";
import { restoreNewest } from "./restore.js";
import { readRunConfig } from "./run-config.js";
import { RunDirectory, refuseRunAmongImages, withRun } from "./run-directory.js";
import { checkThreads, runHere } from "./threads.js";

type PretrainRun = RunDirectory<PretrainConfig>;

/** The sections of a configuration that decide what a run learns. */
const DECISIVE = ["method", "seed", "model", "methodOptions", "data", "schedule", "optimizer"] as const;

/** Starts a new run in `folder`. Throws the errors of the parts, all of which say what to do. */
export async function pretrain(config: PretrainConfig, folder: string, hooks: RunHooks): Promise<RunSummary> {
  checkThreads(config.run);
  refuseRunAmongImages(folder, [config.source, config.evaluation.source]);
  const source = await openImages(config.source, config.data.split, hooks);
  return withRun(await RunDirectory.create(folder, config), (run) =>
    runFrom(run, source, KeptImages.begin(run.paths.images, source), hooks),
  );
}

/**
 * Goes on with the run in `folder` from its newest intact checkpoint, exactly as if it had never stopped. Throws
 * SourceChangedError where its images are others than it began with, unless that is accepted.
 */
export async function resume(folder: string, overrides: ResumeOverrides, hooks: RunHooks): Promise<RunSummary> {
  const stored = readRunConfig(folder);
  const moved = { ...stored, source: absolutePaths(overrides.source ?? stored.source) };
  const opened = await RunDirectory.open(folder, { ...moved, run: runHere(stored.run, overrides, hooks.print) });
  return withRun(opened, async (run) => {
    const source = await openImages(moved.source, moved.data.split, hooks);
    const images = await KeptImages.goOn(run.paths.images, source, run, overrides, hooks);
    if (overrides.source !== undefined) await run.writeConfig(moved);
    return runFrom(run, source, images, hooks);
  });
}

async function runFrom(
  run: PretrainRun,
  source: ImageSource,
  images: KeptImages,
  hooks: RunHooks,
): Promise<RunSummary> {
  const { config } = run;
  hooks.print(printable(source.description));
  await run.keepImages(images);
  const waiting = new Waiting(hooks.progress.line, hooks.signal);
  const options = batchOptions(run, source, hooks);
  const memory = planMemory(config, planBatchMemory(options), {
    enabled: config.run.memoryCheck,
    switchOff: switchOffRun,
    print: hooks.print,
  });
  checkImageCount(config, source.count);
  const batches = await waiting.during("Reading images into memory", (onProgress) =>
    openBatches({ ...options, onProgress }),
  );
  try {
    const derived = deriveSchedule(config, batches.stepsPerEpoch * config.schedule.batchSize);
    const learner = await waiting.duringBusy("Compiling the training step", () => createLearner(config, derived));
    const { training } = learner;
    const trainedOn = images.accepts ? undefined : source.count;
    const doneSteps = await waiting.during("Reading the newest checkpoint", () =>
      restoreNewest(run, learner, trainedOn, DECISIVE, hooks),
    );
    const repaired = await run.startMetrics(doneSteps);
    if (repaired !== undefined) hooks.print(repaired);
    const pictures = await waiting.during("Preparing the pictures", () =>
      openPictures(config, source, training, derived.totalSteps),
    );
    const evaluator = await openEvaluator(config, learner, hooks);
    const stepSeconds = await waiting.duringBusy("Timing a step", () =>
      estimateStepSeconds(training, derived.accumulation),
    );
    await throwIfStopped(hooks.signal);
    const announcement = formatAnnouncement({
      folder: run.folder,
      config,
      derived,
      imagesHeld: batches.description,
      parameters: countParameters(training),
      threads: config.run.threads || engineThreads(),
      memoryBytes: bytesWithImages(memory, batches.memory),
      seconds: stepSeconds * (derived.totalSteps - doneSteps),
      doneSteps,
    });
    for (const line of announcement) hooks.print(line);
    if (evaluator) hooks.print(`Every ${config.evaluation.every} steps: ${evaluator.description}`);
    run.log.info(doneSteps > 0 ? `resumed after step ${doneSteps}` : "started");
    const { batchSize, minLearningRate } = config.schedule;
    const summary = await trainLoop(
      {
        run,
        training,
        batches,
        batchSize,
        schedule: { ...derived, peak: derived.learningRate, floor: minLearningRate },
        doneSteps,
        watch: watchHealth(run, derived.totalSteps, hooks),
        inputsOf: learner.inputsOf,
        step: learner.step,
        snapshot: async () => ({
          tensors: await learner.tensors(),
          metadata: { config: JSON.stringify(config), images: String(source.count) },
        }),
        ...(evaluator && { evaluation: { every: config.evaluation.every, evaluate: evaluator.evaluate } }),
        ...(pictures && { pictures }),
      },
      hooks,
    );
    training.dispose();
    run.log.info(`${summary.outcome} after step ${summary.step}`);
    return summary;
  } finally {
    await batches.close();
  }
}

/** Warnings for the person who watches, and for whoever reads log.txt later. */
function watchHealth({ config, log }: PretrainRun, totalSteps: number, hooks: RunHooks): LoopParts["watch"] {
  const watch = new HealthWatch(config, totalSteps);
  return (metrics) => {
    for (const warning of watch.see(metrics)) {
      for (const line of warningLines(warning, ` at step ${formatCount(metrics.step)}`)) hooks.print(line);
      log.warn(`step ${metrics.step}: ${warning.lines.join(" ")}`);
    }
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

async function openEvaluator(config: PretrainConfig, { encoder, training }: Learner, hooks: RunHooks) {
  if (config.evaluation.source === null) return undefined;
  if (hooks.createEvaluator !== undefined) {
    return hooks.createEvaluator(config, { engine: training.engine, weights: encoder }, hooks);
  }
  throw new ConfigError(["evaluation.source: this program was given nothing to evaluate with. Set it to null"]);
}

function batchOptions(run: PretrainRun, source: ImageSource, hooks: RunHooks): BatchOptions {
  const { config } = run;
  const { background, workers, memoryBudgetMiB, maxUnreadableShare } = config.data;
  return {
    source,
    imageSize: config.model.imageSize,
    batchSize: config.schedule.batchSize,
    seed: config.seed,
    minimumSize: config.model.patchSize,
    views: methodOf(config).views(config),
    background,
    memoryBudget: memoryBudgetMiB * 2 ** 20,
    unreadableShare: maxUnreadableShare,
    ...(workers > 0 && { workers }),
    ...(hooks.signal && { signal: hooks.signal }),
    onSkip: (skipped) => {
      run.log.skipped(skipped.name, skipped.reason);
      hooks.print(describeSkip(skipped));
    },
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
