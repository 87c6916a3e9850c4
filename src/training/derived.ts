// What follows from a configuration and the number of images: steps, warm-up and learning rate.

import type { PretrainConfig } from "../config/config.js";

export interface DerivedSchedule {
  /** Optimizer steps of the whole run. */
  readonly totalSteps: number;
  /** Steps in which the learning rate rises linearly. */
  readonly warmupSteps: number;
  /** Steps in one pass over the images; whole where a pass shows whole batches only, as every run has it. */
  readonly stepsPerEpoch: number;
  /** Passes over the images in the whole run. */
  readonly epochs: number;
  /** Highest learning rate, after the warm-up. */
  readonly learningRate: number;
  /** Micro-batches whose gradients are added up in a step. */
  readonly accumulation: number;
}

/** The run's length and rates; batches and epochs count clean images. `imageCount` is the readable images a pass. */
export function deriveSchedule(config: Pick<PretrainConfig, "schedule">, imageCount: number): DerivedSchedule {
  if (!Number.isSafeInteger(imageCount) || imageCount < 1) {
    throw new RangeError(`deriveSchedule: expected at least one image; found ${imageCount}`);
  }
  const { schedule } = config;
  const stepsPerEpoch = imageCount / schedule.batchSize;
  // The last step may reach into one more pass; rounding first keeps 3 epochs of 0.1 steps from becoming 31 steps.
  const totalSteps = schedule.steps ?? Math.max(1, Math.ceil(round(schedule.epochs! * stepsPerEpoch)));
  const warmup =
    schedule.warmupShare === null ? schedule.warmupEpochs! * stepsPerEpoch : schedule.warmupShare * totalSteps;
  return {
    totalSteps,
    warmupSteps: Math.min(totalSteps, Math.round(warmup)),
    stepsPerEpoch,
    epochs: totalSteps / stepsPerEpoch,
    learningRate: schedule.learningRate ?? (schedule.baseLearningRate! * schedule.batchSize) / 256,
    accumulation: schedule.batchSize / schedule.microBatch,
  };
}

function round(value: number): number {
  return Number(value.toPrecision(12));
}
