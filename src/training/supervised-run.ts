// Training with labels from weights that are there: what fine-tuning, segmentation and detection have in common.

import type { PretrainConfig } from "../config/config.js";
import { type ImageSides, sizeWord } from "../data/image-size.js";
import { type Batch, type BatchOptions, openBatches, planBatchMemory } from "../data/index.js";
import type { Arrays } from "../engine/index.js";
import { engineThreads } from "../engine/machine.js";
import type { SafetensorsEntry } from "../formats/safetensors.js";
import type { LearningRateSchedule } from "../optim/schedule.js";
import {
  createTraining,
  planTraining,
  type StepOptions,
  type StepResult,
  type Training,
  type TrainingDefinition,
} from "../optim/training.js";
import { fromFirst } from "../processes/agreement.js";
import type { AnnouncementLines } from "./announce.js";
import type { Checkpoint } from "./checkpoints.js";
import { type DerivedSchedule, deriveSchedule } from "./derived.js";
import type { RunSummary } from "./hooks.js";
import type { KeptImages } from "./kept-images.js";
import { type LoopParts, trainLoop } from "./loop.js";
import { checkMemory, type MemoryPart, switchOffRun } from "./memory-check.js";
import { restoreState, stateTensors } from "./model-state.js";
import { batchParts, bytesWithImages, isOnGpu, recomputation } from "./planned-memory.js";
import { newestFitting } from "./restore.js";
import type { RunDirectory } from "./run-directory.js";
import type { RunEvents } from "./run-events.js";
import { describeProcesses, divideRun, shareState } from "./together.js";

/** The sections that the configuration of such a run has, whatever it learns. */
export interface SupervisedConfig {
  readonly schedule: PretrainConfig["schedule"];
  readonly optimizer: PretrainConfig["optimizer"];
  readonly run: Omit<PretrainConfig["run"], "picturesEvery">;
}

/** What is known before the first step, for the announcement. */
export interface SupervisedFacts {
  /** How the images are held. */
  readonly held: string;
  readonly threads: number;
  /** What processes there are; null where there is one. */
  readonly processes: string | null;
  readonly memoryBytes: number;
  /** Steps done before, in a run that goes on. */
  readonly doneSteps: number;
}

/** State beside parameters and moments, such as running statistics. */
export interface FurtherState {
  tensors(): readonly SafetensorsEntry[];
  /** Their values, as they lie in memory. */
  arrays(): Iterable<Float32Array>;
  /** Throws CheckpointError. */
  restore(checkpoint: Checkpoint): void;
}

/** What is trained on what, and what is done before, during and after it. */
export interface SupervisedRun<Config extends SupervisedConfig, Report> {
  readonly run: RunDirectory<Config>;
  /** What the run keeps of its images: those that it learns from first. */
  readonly kept: readonly [KeptImages, ...KeptImages[]];
  /** How many images it learns from, and the size of what it sees of each. */
  readonly images: number;
  readonly imageSize: ImageSides;
  /** Of the batch that `config` has, which is the share of this process. */
  readonly definition: (config: Config) => TrainingDefinition;
  /** Of the whole batch. */
  readonly batches: BatchOptions;
  /** Whether images of a batch belong together in pairs, the first with the last, so that processes must not part them. */
  readonly isMirrored?: boolean;
  /** The sections of the configuration that decide the result. */
  readonly decisive: readonly (keyof Config & string)[];
  /** Reads a configuration of this kind. Throws ConfigError. */
  readonly parse: (values: unknown, origin: string) => Config;
  /** Of a new run: writes the first weights. */
  readonly start?: ((training: Training) => Promise<void>) | undefined;
  readonly state?: FurtherState;
  /** Called once it is known where the run goes on; throws where it cannot. */
  readonly check?: () => void;
  readonly announce: (derived: DerivedSchedule, facts: SupervisedFacts) => AnnouncementLines;
  readonly decay?: LearningRateSchedule["decay"];
  /** What a step is given for a batch; the training has the weights as they are before it. */
  readonly inputsOf: (batch: Batch, training: Training) => Arrays | Promise<Arrays>;
  /** One step; by default that of the training, with the gradient clipped as the configuration says. */
  readonly step?: (training: Training, inputs: Arrays, options: StepOptions) => Promise<StepResult>;
  readonly pictures?: (training: Training, totalSteps: number) => Promise<LoopParts["pictures"]>;
  /** Tests a run that reached its end: several processes together. */
  readonly report: (training: Training, summary: RunSummary) => Promise<Report>;
}

/** How such a run ended. */
export interface SupervisedResult<Report> {
  readonly summary: RunSummary;
  /** Null where the run was stopped before its end. */
  readonly report: Report | null;
}

/** Begins the run or goes on from its newest checkpoint. Throws the errors of the parts. */
export async function superviseRun<Config extends SupervisedConfig, Report>(
  parts: SupervisedRun<Config, Report>,
  events: RunEvents,
): Promise<SupervisedResult<Report>> {
  const { run, images, state, isMirrored = false } = parts;
  const { config } = run;
  const { communicator } = events;
  for (const set of parts.kept) await run.keepImages(set);
  const own = await divideRun(config, communicator, { isMirrored });
  const { recompute } = own.config.run;
  const definition = { ...parts.definition(own.config), combiner: own.combiner, recompute };
  const batchOptions = { ...parts.batches, places: own.share.places };
  const memory = [
    ...trainingParts(definition, own.config, parts.imageSize),
    ...batchParts(planBatchMemory(batchOptions)),
  ];
  checkMemory(memory, {
    enabled: config.run.memoryCheck,
    switchOff: switchOffRun,
    warn: events.warn,
    ...(own.availableBytes !== undefined && { availableBytes: own.availableBytes }),
  });
  const batches = await events.during("Reading images into memory", (onProgress) =>
    openBatches({ ...batchOptions, onProgress }),
  );
  try {
    const training = await events.duringBusy("Compiling the training step", () => createTraining(definition));
    const snapshot = async () => ({
      tensors: [...(await stateTensors(training)), ...(state?.tensors() ?? [])],
      metadata: { config: JSON.stringify(config), images: String(images) },
    });
    if (parts.start !== undefined) {
      await parts.start(training);
      // From here on, the run needs the encoder's own file no more.
      if (run.isWritten)
        await events.during("Writing the checkpoint", async () =>
          run.saveCheckpoint({ step: 0, ...(await snapshot()) }),
        );
    }
    const trainedOn = parts.kept[0].accepts ? undefined : images;
    // The first process reads what there is, and gives it to the others.
    const found = await events.during("Reading the newest checkpoint", async () => {
      if (!events.isFirst) return 0;
      const checkpoint = await newestFitting(run, trainedOn, parts.decisive, parts.parse, events);
      if (checkpoint !== undefined) {
        await restoreState(training, checkpoint);
        state?.restore(checkpoint);
      }
      return checkpoint?.step ?? 0;
    });
    const doneSteps = await fromFirst(communicator, () => found);
    await shareState(communicator, training, state?.arrays());
    parts.check?.();
    const repaired = await run.startMetrics(doneSteps);
    if (repaired !== undefined) events.warn(repaired);
    const { batchSize, minLearningRate } = config.schedule;
    const derived = deriveSchedule(config, batches.stepsPerEpoch * batchSize);
    const announcement = parts.announce(derived, {
      held: batches.description,
      threads: own.config.run.threads || engineThreads(),
      processes: describeProcesses(communicator, own.share),
      memoryBytes: bytesWithImages(memory, batches.memory),
      doneSteps,
    });
    const { totalSteps } = derived;
    events.announce({ ...announcement, totalSteps, doneSteps, batchSize, logEvery: config.run.logEvery });
    const pictures = events.isFirst ? await parts.pictures?.(training, totalSteps) : undefined;
    const { clipNorm } = config.optimizer;
    const take = parts.step ?? ((training, inputs, options) => training.step(inputs, options));
    const summary = await trainLoop(
      {
        run,
        training,
        batches,
        batchSize,
        schedule: {
          ...derived,
          peak: derived.learningRate,
          floor: minLearningRate,
          ...(parts.decay && { decay: parts.decay }),
        },
        doneSteps,
        inputsOf: (batch) => parts.inputsOf(batch, training),
        step: (inputs, options) => take(training, inputs, { ...options, clipNorm }),
        snapshot,
        ...(pictures && { pictures }),
      },
      events,
    );
    const report = summary.outcome === "finished" ? await parts.report(training, summary) : null;
    training.dispose();
    events.emit({ type: "finished", outcome: summary.outcome, summary });
    return { summary, report };
  } finally {
    await batches.close();
  }
}

/** The memory of weights and program. */
function trainingParts(
  definition: TrainingDefinition,
  { schedule, run }: SupervisedConfig,
  imageSize: ImageSides,
): MemoryPart[] {
  const { arrayBytes, programBytes } = planTraining(definition);
  return [
    { name: "weights, gradients and optimizer state", bytes: arrayBytes, lower: "the encoder's size" },
    {
      name: `computing ${schedule.microBatch} images of ${sizeWord(imageSize)} pixels at once`,
      bytes: programBytes,
      lower: "schedule.microBatch",
      ...recomputation(run),
      onGpu: isOnGpu(run),
    },
  ];
}
