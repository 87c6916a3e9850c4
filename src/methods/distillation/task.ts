// What the programs of methods with a teacher have in common: targets from the teacher, and the loss of crops.
import { input, type Tensor } from "../../graph/index.js";
import { ParameterScope } from "../../nn/parameters.js";
import type { Normalization } from "../../nn/pixels.js";
import type { EncoderShape } from "../../nn/presets.js";
import type { Pretext } from "../method.js";
import { GLOBAL_CROPS } from "./crops.js";
import { clsLoss, meanEntropy, teacherTargets } from "./losses.js";
import type { DistillationOptions } from "./options.js";

/** Before the names of the teacher's weights, in programs and in checkpoints. */
export const TEACHER = "teacher.";

/** Where the teacher's weights are made: they are no parameters of the program, which only reads them. */
export function teacherScope(): ParameterScope {
  return new ParameterScope().in(TEACHER.slice(0, -1));
}

/** The held input by which the teacher's outputs are divided [1]. */
export const TEACHER_TEMPERATURE = "teacherTemperature";

export const centreName = <Centre extends string>(centre: Centre) => `${centre}Centre` as const;
export const meanName = <Centre extends string>(centre: Centre) => `${centre}Mean` as const;

/**
 * One program for student and teacher. Among its metrics are the teacher's mean outputs `clsMean` [prototypes] and so on
 * for each centre, by which that then moves, and `usage` [prototypes], a mean of distributions over prototypes. Its held
 * inputs are the teacher's weights under `teacher.`, each centre [prototypes] as `clsCentre` and so on, and
 * `teacherTemperature` [1].
 */
export interface DistillationTask<Centre extends string> extends Pretext {
  readonly centres: readonly Centre[];
}

/** Builds it for a number of images. */
export type BuildTask<Options, Centre extends string> = (
  shape: EncoderShape,
  options: Options,
  images: number,
  normalization: Normalization,
) => DistillationTask<Centre>;

/** Makes targets of a teacher's outputs [..., prototypes], with a centre of its own for each kind of output. */
export function targetsOfTeacher(prototypes: number): (centre: string, outputs: Tensor) => Tensor {
  const temperature = input(TEACHER_TEMPERATURE, [1]);
  return (centre, outputs) => teacherTargets(outputs, input(centreName(centre), [prototypes]), temperature);
}

export interface CropTask {
  /** A scalar. */
  readonly loss: Tensor;
  readonly teacherEntropy: Tensor;
  /** How far the student is from the teacher: the loss, less the entropy of its targets. */
  readonly divergence: Tensor;
}

/**
 * What is asked of the CLS tokens. targets [1, 2 * batch, prototypes], the teacher's for the global crops; logits, the
 * student's outputs over its temperature for all crops [1, (2 + local crops) * batch, prototypes], the global ones first.
 */
export function cropTask(
  targets: Tensor,
  logits: Tensor,
  batch: number,
  { localCrops, prototypes }: Pick<DistillationOptions, "localCrops" | "prototypes">,
): CropTask {
  const ofCrops = logits.reshape([GLOBAL_CROPS + localCrops, batch, prototypes]);
  const loss = clsLoss(targets.reshape([GLOBAL_CROPS, batch, prototypes]), ofCrops);
  const teacherEntropy = meanEntropy(targets);
  return { loss, teacherEntropy, divergence: loss.sub(teacherEntropy) };
}
