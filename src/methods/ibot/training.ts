// Training iBOT: a step of the student, then the teacher and the centres follow.

import type { Arrays, CompileOptions } from "../../engine/index.js";
import type { Normalization } from "../../nn/pixels.js";
import type { EncoderShape } from "../../nn/presets.js";
import type { AdamwOptions } from "../../optim/adamw.js";
import { cosineAt, rampAt } from "../../optim/schedule.js";
import { type AverageWeights, createTraining, type StepResult, type Training } from "../../optim/training.js";
import { PROTOTYPES } from "./head.js";
import type { IbotOptions } from "./options.js";
import { ibotTask, TEACHER } from "./task.js";

/** What an iBOT training is compiled from. */
export interface IbotDefinition {
  readonly shape: EncoderShape;
  readonly options: IbotOptions;
  readonly normalization: Normalization;
  /** Images of a micro-batch, and how many of these make a batch. */
  readonly microBatch: number;
  readonly microBatches: number;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  /** Weight decay is that of the start of the run. */
  readonly optimizer: AdamwOptions & { readonly weightDecay: number };
  readonly engine?: CompileOptions;
}

/** A compiled iBOT training: student, teacher and centres. */
export interface IbotTraining {
  /** The student. Write its first weights to `student.values`, then call `startTeacher`. */
  readonly student: Training;
  readonly teacher: AverageWeights;
  /** With the teacher's weights, all that a checkpoint needs beside the student's state: [prototypes] each. */
  readonly centres: { readonly clsCentre: Float32Array; readonly patchCentre: Float32Array };
  /** Makes the teacher equal to the student and empties the centres. */
  startTeacher(): void;
  /** One step, numbered from 1. Where the student is not updated, neither are teacher and centres. */
  step(inputs: Arrays, options: { readonly step: number; readonly learningRate: number }): Promise<StepResult>;
}

/** Everything that changes over the run follows from the number of a step, so that a resumed run continues exactly. */
export async function createIbotTraining(definition: IbotDefinition): Promise<IbotTraining> {
  const { shape, options, normalization, microBatch, microBatches, totalSteps, stepsPerEpoch } = definition;
  const { optimizer, engine = {} } = definition;
  const task = ibotTask(shape, options, microBatch, normalization);
  const frozenSteps = Math.round(options.lastLayerFrozenEpochs * stepsPerEpoch);
  const centre = () => new Float32Array(options.prototypes);
  const centres = { clsCentre: centre(), patchCentre: centre() };
  const temperature = () => new Float32Array(1).fill(options.teacherTemperatureStart);
  const temperatures = { clsTemperature: temperature(), patchTemperature: temperature() };

  const student = await createTraining({
    name: "ibot",
    loss: task.loss,
    metrics: task.metrics,
    parameters: task.parameters.map((parameter) => ({
      ...parameter,
      frozenSteps: parameter.name.endsWith(PROTOTYPES) ? frozenSteps : 0,
    })),
    optimizer,
    microBatches,
    parameterClipNorm: options.parameterClipNorm,
    averagePrefix: TEACHER,
    heldInputs: { ...centres, ...temperatures },
    engine,
  });
  const teacher = student.average!;

  return {
    student,
    teacher,
    centres,
    startTeacher() {
      teacher.buffer.set(student.state.parameters);
      for (const array of Object.values(centres)) array.fill(0);
    },
    async step(inputs, { step, learningRate }) {
      const done = step - 1;
      const { teacherTemperatureStart, teacherTemperature, teacherTemperatureWarmupEpochs } = options;
      const warmupSteps = teacherTemperatureWarmupEpochs * stepsPerEpoch;
      const sharpening = rampAt(done, teacherTemperatureStart, teacherTemperature, warmupSteps);
      for (const array of Object.values(temperatures)) array[0] = sharpening;
      const weightDecay = cosineAt(done, optimizer.weightDecay, options.weightDecayEnd, totalSteps);

      const { metrics, ...result } = await student.step(inputs, { step, learningRate, weightDecay });
      const { clsMean, patchMean, usage, ...scalars } = metrics as Metrics;
      if (result.updated) {
        await teacher.update(cosineAt(done, options.teacherMomentum, 1, totalSteps));
        moveCentre(centres.clsCentre, clsMean, options.centreMomentum);
        moveCentre(centres.patchCentre, patchMean, options.centreMomentum);
      }
      const figures = {
        ...scalars,
        clsCentreNorm: norm(centres.clsCentre),
        patchCentreNorm: norm(centres.patchCentre),
        prototypesInUse: perplexity(usage),
        teacherTemperature: sharpening,
      };
      return { ...result, metrics: figures };
    },
  };
}

type Metrics = Readonly<Record<string, number>> &
  Readonly<Record<"clsMean" | "patchMean" | "usage", readonly number[]>>;

/** centre = momentum * centre + (1 - momentum) * mean [iBOT, after DINO, equation 4]. */
function moveCentre(centre: Float32Array, mean: readonly number[], momentum: number): void {
  for (const [index, value] of mean.entries()) centre[index] = momentum * centre[index]! + (1 - momentum) * value;
}

/** In parts that fit on the stack as arguments. */
function norm(vector: Float32Array): number {
  const parts = Array.from({ length: Math.ceil(vector.length / ARGUMENTS) }, (_, part) =>
    Math.hypot(...vector.subarray(part * ARGUMENTS, (part + 1) * ARGUMENTS)),
  );
  return Math.hypot(...parts);
}

const ARGUMENTS = 1 << 15;

/**
 * exp(-sum p log p) of the mean distribution over prototypes: how many are in use, as if all of them were used alike; 1
 * where every patch has the same one.
 */
function perplexity(distribution: readonly number[]): number {
  return Math.exp(distribution.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0));
}
