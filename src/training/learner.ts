// What the training loop needs of a method: its step, what a batch gives it, and what its checkpoints hold.

import { type PretrainConfig, reconstructs } from "../config/config.js";
import type { Batch } from "../data/index.js";
import type { Arrays } from "../engine/index.js";
import type { SafetensorsEntry } from "../formats/safetensors.js";
import type { StepOptions, StepResult, Training } from "../optim/training.js";
import type { Checkpoint } from "./checkpoints.js";
import { createIbotLearner } from "./ibot-learner.js";
import { createReconstructionLearner } from "./reconstruction-learner.js";

/** A run's length, from which what changes over the run follows. */
export interface RunLength {
  readonly totalSteps: number;
  /** A whole number: what is left over of an epoch is not shown. */
  readonly stepsPerEpoch: number;
}

export interface Learner {
  /** The parameters that the optimizer moves, and its program. */
  readonly training: Training;
  /** The encoder that evaluation looks at: views by its parameters' names, which change as it learns. */
  readonly encoder: Readonly<Record<string, Float32Array>>;
  /** What the step program is given for a batch: the images and all that is drawn for them. */
  inputsOf(batch: Batch): Arrays;
  step(inputs: Arrays, options: Pick<StepOptions, "step" | "learningRate">): Promise<StepResult>;
  /** All that a checkpoint holds, as views. */
  tensors(): SafetensorsEntry[];
  /** Puts the state of a checkpoint back. Throws CheckpointError where the tensors are not those expected. */
  restore(checkpoint: Checkpoint): void;
}

/** Compiles the step program of a configuration and starts its weights. */
export function createLearner(config: PretrainConfig, length: RunLength): Promise<Learner> {
  return reconstructs(config) ? createReconstructionLearner(config, length) : createIbotLearner(config, length);
}
