// A pre-training run from its configuration or from its newest checkpoint: opens what it needs, announces, trains.
import { type Batch, type BatchStream, type ImageSource, openBatches, openSource } from "../data/index.js";
import type { Method } from "../methods/method.js";
import type { Training } from "../optim/training.js";
import { engineThreads } from "../runtime/machine.js";
import { formatAnnouncement } from "./announce.js";
import { drawPlan } from "./batch-plan.js";
import type { PretrainConfig } from "./config.js";
import { deriveSchedule } from "./derived.js";
import { ConfigError } from "./errors.js";
import type { ResumeOverrides, RunHooks, RunSummary } from "./hooks.js";
import { trainLoop } from "./loop.js";
import { methodOf } from "./model.js";
import { checkpointTensors } from "./model-state.js";
import { pictureImages } from "./picture-images.js";
import { createReconstructor } from "./reconstructor.js";
import { restoreNewest } from "./restore.js";
import { RunDirectory, readRunConfig, withRun } from "./run-directory.js";
import { createTrainer } from "./trainer.js";

type PretrainRun = RunDirectory<PretrainConfig>;

/** The sections of a configuration that decide what a run learns. */
const DECISIVE = ["method", "seed", "model", "methodOptions", "data", "schedule", "optimizer"] as const;

/** Starts a new run in `folder`. Throws the errors of the parts, all of which say what to do. */
export async function pretrain(config: PretrainConfig, folder: string, hooks: RunHooks): Promise<RunSummary> {
  const source = await openSource(config.source, { split: config.data.split });
  return withRun(await RunDirectory.create(folder, config), (run) => runFrom(run, source, hooks));
}

/** Goes on with the run in `folder` from its newest intact checkpoint, exactly as if it had never stopped. */
export async function resume(folder: string, overrides: ResumeOverrides, hooks: RunHooks): Promise<RunSummary> {
  const config = readRunConfig(folder);
  const opened = await RunDirectory.open(folder, { ...config, run: { ...config.run, ...overrides } });
  return withRun(opened, async (run) => {
    const source = await openSource(run.config.source, { split: run.config.data.split });
    return runFrom(run, source, hooks);
  });
}

async function runFrom(run: PretrainRun, source: ImageSource, hooks: RunHooks): Promise<RunSummary> {
  const { config } = run;
  hooks.print(source.description);
  const batches = await openTrainingBatches(run, source, hooks);
  try {
    const training = await createTrainer(config);
    const doneSteps = await restoreNewest(run, training, source.count, DECISIVE, hooks);
    await run.startMetrics(doneSteps);
    const derived = deriveSchedule(config, batches.stepsPerEpoch * config.schedule.batchSize);
    const method = methodOf(config);
    const sample = await pictureImages(source, method.groupSize, config);
    const reconstructor = sample.length > 0 ? await createReconstructor(config, sample, training.values) : undefined;
    const evaluator = await openEvaluator(config, training, hooks);
    const stepSeconds = await estimateStepSeconds(training, derived.accumulation);
    const announcement = formatAnnouncement({
      folder: run.folder,
      config,
      derived,
      imagesHeld: batches.description,
      parameters: countParameters(training),
      threads: config.run.threads || engineThreads(),
      memoryBytes: training.memoryBytes + batches.memory.bytes,
      seconds: stepSeconds * (derived.totalSteps - doneSteps),
      doneSteps,
    });
    for (const line of announcement) hooks.print(line);
    if (evaluator) hooks.print(`Every ${config.evaluation.every} steps: ${evaluator.description}`);
    run.log.info(doneSteps > 0 ? `resumed after step ${doneSteps}` : "started");
    const { batchSize, minLearningRate } = config.schedule;
    const { totalSteps } = derived;
    const summary = await trainLoop(
      {
        run,
        training,
        batches,
        batchSize,
        schedule: { ...derived, peak: derived.learningRate, floor: minLearningRate },
        clipNorm: config.optimizer.clipNorm,
        doneSteps,
        inputsOf: (batch) => ({ images: batch.pixels, [method.planName]: planOf(batch, batches, method, config) }),
        snapshot: () => ({
          tensors: checkpointTensors(training, config.model),
          metadata: { config: JSON.stringify(config), images: String(source.count) },
        }),
        ...(evaluator && { evaluation: { every: config.evaluation.every, evaluate: evaluator.evaluate } }),
        ...(reconstructor && {
          pictures: {
            every: config.run.picturesEvery,
            draw: (step, loss) =>
              reconstructor.draw(`${config.method} after step ${step} of ${totalSteps}, loss ${loss.toFixed(4)}`),
          },
        }),
      },
      hooks,
    );
    run.log.info(`${summary.outcome} after step ${summary.step}`);
    return summary;
  } finally {
    await batches.close();
  }
}

/** The plan of a batch: its groups are numbered within their epoch. */
function planOf(batch: Batch, { stepsPerEpoch }: BatchStream, method: Method, config: PretrainConfig): Int32Array {
  const groups = config.schedule.batchSize / method.groupSize;
  const stepInEpoch = batch.step - batch.epoch * stepsPerEpoch;
  return drawPlan(method, groups, {
    seed: config.seed,
    stream: "plan",
    epoch: batch.epoch,
    firstGroup: stepInEpoch * groups,
  });
}

async function openEvaluator(config: PretrainConfig, { values }: Training, hooks: RunHooks) {
  if (config.evaluation.source === null) return undefined;
  if (hooks.createEvaluator !== undefined) return hooks.createEvaluator(config, values);
  throw new ConfigError(["evaluation.source: this program was given nothing to evaluate with. Set it to null"]);
}

function openTrainingBatches(run: PretrainRun, source: ImageSource, hooks: RunHooks): Promise<BatchStream> {
  const { config } = run;
  const { scale, flip, colorJitter, background, workers, memoryBudgetMiB, maxUnreadableShare } = config.data;
  return openBatches({
    source,
    imageSize: config.model.imageSize,
    batchSize: config.schedule.batchSize,
    seed: config.seed,
    minimumSize: config.model.patchSize,
    augmentation: { scale, flipProbability: flip ? 0.5 : 0, ...(colorJitter && { colorJitter }) },
    background,
    memoryBudget: memoryBudgetMiB * 2 ** 20,
    unreadableShare: maxUnreadableShare,
    ...(workers > 0 && { workers }),
    onSkip: ({ name, reason }) => {
      run.log.skipped(name, reason);
      hooks.print(`Skipped ${name}: ${reason}`);
    },
  });
}

/** The first run of a program also allocates, so the second is timed; neither updates anything. */
async function estimateStepSeconds(training: Training, accumulation: number): Promise<number> {
  await training.rehearse();
  return ((await training.rehearse()) * accumulation) / 1000;
}

function countParameters({ layout }: Training): Record<string, number> {
  const isDecoder = (name: string) => name.startsWith("decoder") || name === "mask_token";
  const count = (wanted: boolean) =>
    layout.entries.filter(({ name }) => isDecoder(name) === wanted).reduce((total, { size }) => total + size, 0);
  return { encoder: count(false), decoder: count(true) };
}
