// A reconstructing method applied to a batch: its parameters, its loss, and the programs that are made of them.
import { defineProgram, input, type Program, type Tensor } from "../graph/index.js";
import { type Parameter, ParameterScope } from "../nn/parameters.js";
import { type Normalization, normalizePixels } from "../nn/pixels.js";
import { type EncoderShape, imageShape } from "../nn/presets.js";
import type { AttentionWatch } from "./attention-watch.js";
import type { PretextTask, ReconstructionTask } from "./reconstruction-task.js";

export interface PretextModel extends PretextTask {
  readonly parameters: readonly Parameter[];
}

/** Builds a method's model and loss for normalised images [batch, height, width, 3]; the plan is an input. */
export function pretextModel(task: ReconstructionTask, images: Tensor, watch?: AttentionWatch): PretextModel {
  const scope = new ParameterScope();
  const groups = images.shape[0]! / task.groupSize;
  const plan = input(task.planName, [groups, task.planColumns], "int32");
  return { ...task.build(scope, images, plan, watch), parameters: scope.parameters };
}

/** The same for the input `images` [batch, height, width, channels] of dtype uint8. */
export function pretextOfPixels(
  task: ReconstructionTask,
  shape: EncoderShape,
  normalization: Normalization,
  batch: number,
  watch?: AttentionWatch,
): PretextModel {
  const images = input("images", imageShape(shape, batch), "uint8");
  return pretextModel(task, normalizePixels(images, normalization), watch);
}

/** Outputs `loss` and `prediction` [batch, patches, patchSize * patchSize * channels]. */
export function reconstructionProgram({ loss, prediction }: PretextTask): Program {
  return defineProgram("reconstruction", { loss, prediction: prediction.transpose([1, 0, 2]) });
}
