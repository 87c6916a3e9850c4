// The training loop.

import { relative } from "node:path";
import { type Batch, type BatchStream, untilAborted } from "../data/index.js";
import type { Arrays } from "../engine/index.js";
import type { SafetensorsEntry } from "../formats/safetensors.js";
import { type LearningRateSchedule, learningRateAt } from "../optim/schedule.js";
import type { StepOptions, StepResult, Training } from "../optim/training.js";
import type { Communicator } from "../processes/communicator.js";
import { isDue, parseInterval } from "../terminal/interval.js";
import { TrainingDivergedError } from "./errors.js";
import type { Evaluator, RunSummary } from "./hooks.js";
import { agree, gatherRows } from "./meeting.js";
import type { StepMetrics } from "./metrics-file.js";
import { inputTensors, withoutMoments } from "./model-state.js";
import type { RunDirectory } from "./run-directory.js";
import type { RunEvents } from "./run-events.js";

export interface LoopParts {
  readonly run: RunDirectory;
  readonly training: Training;
  readonly batches: BatchStream;
  readonly batchSize: number;
  readonly schedule: LearningRateSchedule;
  readonly doneSteps: number;
  /** What the step program is given for a batch; the images and all that is drawn for them. */
  readonly inputsOf: (batch: Batch) => Arrays | Promise<Arrays>;
  /** One step of the training with these inputs. */
  readonly step: (inputs: Arrays, options: Pick<StepOptions, "step" | "learningRate">) => Promise<StepResult>;
  /** What a checkpoint holds, as it is now. */
  readonly snapshot: () => Promise<{
    readonly tensors: readonly SafetensorsEntry[];
    readonly metadata: Readonly<Record<string, string>>;
  }>;
  /** Sees the metrics of every step that was taken. */
  readonly watch?: (step: StepMetrics) => void;
  /** Metrics in addition to those of the step: after the first step, each so many, and after the last. */
  readonly evaluation?: { readonly every: number; readonly evaluate: Evaluator["evaluate"] };
  /** Draws a PNG file each so many steps, and after the last; 0 for the last alone. */
  readonly pictures?: { readonly every: number; readonly draw: (step: number, loss: number) => Promise<Uint8Array> };
}

/** Trains from the step after `doneSteps` to the last, or until a stop is requested. */
export async function trainLoop(parts: LoopParts, events: RunEvents): Promise<RunSummary> {
  const { run, batches, batchSize, schedule, doneSteps, evaluation, pictures } = parts;
  const { totalSteps } = schedule;
  const { communicator } = events;
  const { milestoneEvery } = run.config.run;
  const checkpointEvery = parseInterval(run.config.run.checkpointEvery)!;
  const logEvery = parseInterval(run.config.run.logEvery)!;

  const began = performance.now();
  let lastSaved = began;
  let lastLogged = began;
  let checkpoint: string | null = null;
  let picture: string | null = null;
  let result: StepResult | undefined;
  let step = doneSteps;

  batches.start(doneSteps + 1);
  const save = async () => {
    await run.shareImages(communicator);
    if (!run.isWritten) return;
    checkpoint = await events.finishing("Writing the checkpoint", async () =>
      run.saveCheckpoint({ step, ...(await parts.snapshot()) }),
    );
    lastSaved = performance.now();
    events.emit({ type: "checkpoint", file: fileName(run.folder, checkpoint) });
  };
  const draw = async (loss: number) => {
    // Only the first of several processes was given any.
    if (pictures === undefined) return;
    picture = await run.savePicture(step, await pictures.draw(step, loss));
    events.emit({ type: "picture", file: fileName(run.folder, picture) });
  };

  let [stopping] = (await agree(events, [events.isStopped])) as [boolean];
  while (step < totalSteps && !stopping) {
    const stepBegan = performance.now();
    // Where others compute the same step, it is taken, and then all stop.
    const batch = await nextBatch(batches, communicator.size === 1 ? events.signal : undefined);
    if (batch === undefined) {
      // Stopped while it waited for images: all steps that were taken are kept, and no other is begun.
      if (result === undefined) throw events.signal?.reason;
      await draw(result.loss);
      await save();
      break;
    }
    const inputs = await parts.inputsOf(batch);
    step += 1;
    const learningRate = learningRateAt(step, schedule);
    result = await parts.step(inputs, { step, learningRate });
    if (!result.updated) throw await diverged(parts, step, batch, inputs, result, communicator);

    const stepSeconds = (performance.now() - stepBegan) / 1000;
    const { loss, metrics, gradientNorm } = result;
    const isEvaluated =
      evaluation !== undefined && (step === 1 || step === totalSteps || step % evaluation.every === 0);
    // A first step is soon taken again; any other is kept, and so its evaluation is waited for.
    const ofFirst = step === doneSteps + 1 ? events.signal : undefined;
    const stepMetrics = {
      step,
      epoch: batch.epoch,
      loss,
      ...metrics,
      lr: learningRate,
      gradientNorm,
      imagesPerSecond: rounded(batchSize / stepSeconds),
      stepSeconds: rounded(stepSeconds),
      dataWaitSeconds: rounded(batch.waitSeconds),
      ...(isEvaluated && (await evaluation.evaluate(ofFirst))),
    };
    run.recordStep(stepMetrics);
    events.step = step;
    parts.watch?.(stepMetrics);
    events.emit({ type: "step", totalSteps, loss, metrics: stepMetrics });

    // Asked once, so that a request that comes while files are written ends the next step, with a checkpoint.
    const isMilestone = milestoneEvery > 0 && step % milestoneEvery === 0;
    const isSaved = isMilestone || isDue(checkpointEvery, step, (performance.now() - lastSaved) / 1000);
    const [isStopped, isSavedByAll] = await agree(events, [events.isStopped, isSaved && events.isFirst]);
    stopping = isStopped!;
    const isLast = step === totalSteps || stopping;
    const isLogged = isLast || step === doneSteps + 1 || isEvaluated;
    if (isLogged || isDue(logEvery, step, (performance.now() - lastLogged) / 1000)) {
      events.emit({ type: "metrics", metrics: stepMetrics });
      lastLogged = performance.now();
    }
    if (isLast || (pictures && pictures.every > 0 && step % pictures.every === 0)) await draw(loss);
    if (isLast || isSavedByAll) await save();
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

/** Undefined where it was not there yet when the signal was aborted. */
async function nextBatch(batches: BatchStream, signal: AbortSignal | undefined): Promise<Batch | undefined> {
  try {
    return await untilAborted(batches.next(), signal);
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return undefined;
    throw error;
  }
}

/** Stores what is needed to repeat a step that went wrong; the last good checkpoint stays as it is. */
async function diverged(
  { run, training, snapshot }: LoopParts,
  step: number,
  batch: Batch,
  inputs: Arrays,
  { loss, gradientNorm }: StepResult,
  communicator: Communicator,
): Promise<TrainingDivergedError> {
  const indices = { name: "indices", dtype: "I32", shape: [batch.indices.length], data: batch.indices } as const;
  const given = await gatherRows(communicator, [...inputTensors(training, inputs), indices]);
  if (!run.isWritten) return new TrainingDivergedError(step, loss, gradientNorm, "The first process keeps its traces.");
  try {
    const path = await run.saveFailure({
      step,
      tensors: [...given, ...withoutMoments((await snapshot()).tensors)],
      metadata: { loss: String(loss), gradientNorm: String(gradientNorm), config: JSON.stringify(run.config) },
    });
    const kept = `The batch, what was drawn for it and the weights are in ${path}.`;
    return new TrainingDivergedError(step, loss, gradientNorm, kept);
  } catch (error) {
    // That training diverged matters more than that its traces could not be kept.
    const reason = `The batch and what was drawn for it could not be kept: ${(error as Error).message}.`;
    return new TrainingDivergedError(step, loss, gradientNorm, reason);
  }
}

/** A file's path within the run's folder, the same on every system. */
function fileName(folder: string, path: string): string {
  return relative(folder, path).replaceAll("\\", "/");
}

/** Timings to the microsecond: more digits would only make the log longer. */
function rounded(value: number): number {
  return Number(value.toFixed(6));
}
