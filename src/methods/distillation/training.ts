// Training with a teacher: a step of the student, then the teacher and the centres follow.
import type { Arrays, Combiner, Engine } from "../../engine/index.js";
import type { Normalization } from "../../nn/pixels.js";
import type { EncoderShape } from "../../nn/presets.js";
import type { AdamwOptions } from "../../optim/adamw.js";
import { cosineAt, rampAt } from "../../optim/schedule.js";
import { type AverageWeights, createTraining, type StepResult, type Training } from "../../optim/training.js";
import { PROTOTYPES } from "./head.js";
import type { DistillationOptions } from "./options.js";
import { type BuildTask, centreName, meanName, TEACHER, TEACHER_TEMPERATURE } from "./task.js";

export interface DistillationDefinition<Options extends DistillationOptions> {
  readonly shape: EncoderShape;
  readonly options: Options;
  readonly normalization: Normalization;
  /** Images of a micro-batch, and how many of these make a batch. */
  readonly microBatch: number;
  readonly microBatches: number;
  /** Whether the values within transformer blocks are computed twice in place of being kept; false by default. */
  readonly recompute?: boolean;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  /** Weight decay is that of the start of the run. */
  readonly optimizer: AdamwOptions & { readonly weightDecay: number };
  readonly engine?: Engine;
  /** The processes that compute a batch together; this one alone by default. */
  readonly combiner?: Combiner;
}

export interface DistillationTraining<Centre extends string> {
  /** The student. Write its first weights to `student.values`, then call `startTeacher`. */
  readonly student: Training;
  readonly teacher: AverageWeights;
  /** With the teacher's weights, all that a checkpoint needs beside the student's state: [prototypes] each. */
  readonly centres: Readonly<Record<`${Centre}Centre`, Float32Array>>;
  /** Makes the teacher equal to the student and empties the centres. */
  startTeacher(): Promise<void>;
  /** One step, numbered from 1. Where the student is not updated, neither are teacher and centres. */
  step(inputs: Arrays, options: { readonly step: number; readonly learningRate: number }): Promise<StepResult>;
}

/** Everything that changes over the run follows from the number of a step, so that a resumed run continues exactly. */
export async function createDistillation<Options extends DistillationOptions, Centre extends string>(
  name: string,
  buildTask: BuildTask<Options, Centre>,
  definition: DistillationDefinition<Options>,
): Promise<DistillationTraining<Centre>> {
  const { shape, options, normalization, microBatch, microBatches, totalSteps, stepsPerEpoch } = definition;
  const { optimizer, recompute = false, engine, combiner } = definition;
  const task = buildTask(shape, options, microBatch, normalization);
  const frozenSteps = Math.round(options.lastLayerFrozenEpochs * stepsPerEpoch);
  const centres = Object.fromEntries(
    task.centres.map((centre) => [centreName(centre), new Float32Array(options.prototypes)]),
  ) as Record<`${Centre}Centre`, Float32Array>;
  const temperature = new Float32Array(1).fill(options.teacherTemperatureStart);

  const student = await createTraining({
    name,
    loss: task.loss,
    metrics: task.metrics,
    parameters: task.parameters.map((parameter) => ({
      ...parameter,
      frozenSteps: parameter.name.endsWith(PROTOTYPES) ? frozenSteps : 0,
    })),
    optimizer,
    microBatches,
    recompute,
    parameterClipNorm: options.parameterClipNorm,
    averagePrefix: TEACHER,
    heldInputs: { ...centres, [TEACHER_TEMPERATURE]: temperature },
    ...(engine && { engine }),
    ...(combiner && { combiner }),
  });
  const teacher = student.average!;

  return {
    student,
    teacher,
    centres,
    async startTeacher() {
      await teacher.arrays.copyFrom(student.state.parameters);
      for (const centre of task.centres) centres[centreName(centre)].fill(0);
    },
    async step(inputs, { step, learningRate }) {
      const { teacherTemperatureStart, teacherTemperature, teacherTemperatureWarmupEpochs } = options;
      const warmupSteps = teacherTemperatureWarmupEpochs * stepsPerEpoch;
      const sharpening = rampAt(step, teacherTemperatureStart, teacherTemperature, warmupSteps);
      temperature[0] = sharpening;
      const weightDecay = cosineAt(step, optimizer.weightDecay, options.weightDecayEnd, totalSteps);

      const { metrics, ...result } = await student.step(inputs, { step, learningRate, weightDecay });
      if (result.updated) {
        await teacher.update(cosineAt(step, options.teacherMomentum, 1, totalSteps));
        for (const centre of task.centres) {
          moveCentre(centres[centreName(centre)], vectorOf(metrics, meanName(centre)), options.centreMomentum);
        }
      }
      const vectors = new Set<string>([...task.centres.map(meanName), "usage"]);
      const reported = {
        ...Object.fromEntries(Object.entries(metrics).filter(([metric]) => !vectors.has(metric))),
        ...Object.fromEntries(
          task.centres.map((centre) => [`${centreName(centre)}Norm`, norm(centres[centreName(centre)])]),
        ),
        prototypesInUse: perplexity(vectorOf(metrics, "usage")),
        teacherTemperature: sharpening,
      };
      return { ...result, metrics: reported };
    },
  };
}

function vectorOf(metrics: StepResult["metrics"], name: string): readonly number[] {
  return metrics[name] as readonly number[];
}

/** centre = momentum * centre + (1 - momentum) * mean [DINO, equation 4; iBOT]. */
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
 * where all targets are the same one.
 */
function perplexity(distribution: readonly number[]): number {
  return Math.exp(distribution.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0));
}
