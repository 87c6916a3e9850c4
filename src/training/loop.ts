// The training loop.
import type { Batch, BatchStream } from "../data/index.js";
import { learningRateAt } from "../optim/schedule.js";
import type { StepResult, Training } from "../optim/training.js";
import { drawPlan } from "./batch-plan.js";
import type { DerivedSchedule } from "./derived.js";
import { TrainingDivergedError } from "./errors.js";
import type { RunHooks, RunSummary } from "./hooks.js";
import { isDue, parseInterval } from "./interval.js";
import { methodOf } from "./model.js";
import { checkpointTensors, parameterTensors } from "./model-state.js";
import type { Reconstructor } from "./reconstructor.js";
import type { RunDirectory } from "./run-directory.js";

export interface LoopParts {
  readonly run: RunDirectory;
  readonly training: Training;
  readonly batches: BatchStream;
  /** Missing where no whole group of images could be read for it. */
  readonly pictures: Reconstructor | undefined;
  readonly derived: DerivedSchedule;
  readonly doneSteps: number;
  /** The number of images of the source, which a resumed run must find again. */
  readonly images: number;
}

/** Trains from the step after `doneSteps` to the last, or until a stop is requested. */
export async function trainLoop(parts: LoopParts, hooks: RunHooks): Promise<RunSummary> {
  const { run, training, batches, pictures, derived, doneSteps } = parts;
  const { config } = run;
  const { totalSteps } = derived;
  const { batchSize } = config.schedule;
  const schedule = { ...derived, peak: derived.learningRate, floor: config.schedule.minLearningRate };
  const checkpointEvery = parseInterval(config.run.checkpointEvery)!;
  const method = methodOf(config);
  const groups = batchSize / method.groupSize;

  const began = performance.now();
  let lastSaved = began;
  let checkpoint: string | null = null;
  let picture: string | null = null;
  let result: StepResult | undefined;
  let step = doneSteps;

  batches.start(doneSteps);
  hooks.progress.begin({
    totalSteps,
    doneSteps,
    imagesPerStep: batchSize,
    plainEvery: parseInterval(config.run.logEvery)!,
  });

  let stopping = hooks.stopRequested();
  while (step < totalSteps && !stopping) {
    const stepBegan = performance.now();
    const batch = await batches.next();
    const stepInEpoch = batch.step - batch.epoch * batches.stepsPerEpoch;
    const position = { seed: config.seed, stream: "plan", epoch: batch.epoch, firstGroup: stepInEpoch * groups };
    const plan = drawPlan(method, groups, position);
    const learningRate = learningRateAt(step, schedule);

    step += 1;
    const inputs = { images: batch.pixels, [method.planName]: plan };
    result = await training.step(inputs, { step, learningRate, clipNorm: config.optimizer.clipNorm });
    if (!result.updated) throw await diverged(parts, step, batch, plan, result);

    const stepSeconds = (performance.now() - stepBegan) / 1000;
    const { loss, metrics, gradientNorm } = result;
    run.recordStep({
      step,
      epoch: batch.epoch,
      loss,
      ...metrics,
      lr: learningRate,
      gradientNorm,
      imagesPerSecond: rounded(batchSize / stepSeconds),
      stepSeconds: rounded(stepSeconds),
      dataWaitSeconds: rounded(batch.waitSeconds),
    });
    hooks.progress.step({ step, loss });

    // Asked once, so that a request that comes while files are written ends the next step, with a checkpoint.
    stopping = hooks.stopRequested();
    const isLast = step === totalSteps || stopping;
    const { picturesEvery, milestoneEvery } = config.run;
    if (pictures && (isLast || (picturesEvery > 0 && step % picturesEvery === 0))) {
      const caption = `${config.method} after step ${step} of ${totalSteps}, loss ${loss.toFixed(4)}`;
      picture = await run.savePicture(step, await pictures.draw(caption));
    }
    const isMilestone = milestoneEvery > 0 && step % milestoneEvery === 0;
    if (isLast || isMilestone || isDue(checkpointEvery, step, (performance.now() - lastSaved) / 1000)) {
      checkpoint = await saveCheckpoint(parts, step);
      lastSaved = performance.now();
    }
  }

  return {
    outcome: step === totalSteps ? "finished" : "stopped",
    step,
    totalSteps,
    loss: result?.loss ?? null,
    seconds: (performance.now() - began) / 1000,
    images: (step - doneSteps) * batchSize,
    checkpoint,
    picture,
  };
}

function saveCheckpoint({ run, training, images }: LoopParts, step: number): Promise<string> {
  const { config } = run;
  return run.saveCheckpoint({
    step,
    tensors: checkpointTensors(training, config.model),
    metadata: { config: JSON.stringify(config), images: String(images) },
  });
}

/** Stores what is needed to repeat a step that went wrong; the last good checkpoint stays as it is. */
async function diverged(
  { run, training }: LoopParts,
  step: number,
  batch: Batch,
  plan: Int32Array,
  { loss, gradientNorm }: StepResult,
): Promise<TrainingDivergedError> {
  const { imageSize } = run.config.model;
  const count = batch.indices.length;
  try {
    const path = await run.saveFailure({
      step,
      tensors: [
        { name: "images", dtype: "U8", shape: [count, imageSize, imageSize, 3], data: batch.pixels },
        { name: "plan", dtype: "I32", shape: [plan.length], data: plan },
        { name: "indices", dtype: "I32", shape: [count], data: batch.indices },
        ...parameterTensors(training),
      ],
      metadata: { loss: String(loss), gradientNorm: String(gradientNorm), config: JSON.stringify(run.config) },
    });
    return new TrainingDivergedError(step, loss, gradientNorm, `The batch, its plan and the weights are in ${path}.`);
  } catch (error) {
    // That training diverged matters more than that its traces could not be kept.
    const reason = `The batch and its plan could not be kept: ${(error as Error).message}.`;
    return new TrainingDivergedError(step, loss, gradientNorm, reason);
  }
}

/** Timings to the microsecond: more digits would only make the log longer. */
function rounded(value: number): number {
  return Number(value.toFixed(6));
}
