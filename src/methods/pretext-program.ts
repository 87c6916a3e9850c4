// A method applied to a batch: its parameters, its loss, and the programs that are made of them.
import { defineProgram, input, type Program, type Tensor } from "../graph/index.js";
import { type Parameter, ParameterScope } from "../nn/parameters.js";
import type { Method, PretextTask } from "./method.js";

export interface PretextModel extends PretextTask {
  readonly parameters: readonly Parameter[];
}

/** Builds a method's model and loss for normalised images [batch, height, width, 3]; the plan is an input. */
export function pretextModel(method: Method, images: Tensor): PretextModel {
  const scope = new ParameterScope();
  const groups = images.shape[0]! / method.groupSize;
  const plan = input(method.planName, [groups, method.planColumns], "int32");
  return { ...method.build(scope, images, plan), parameters: scope.parameters };
}

/** Outputs `loss` and `prediction` [batch, patches, patchSize * patchSize * 3]. */
export function reconstructionProgram({ loss, prediction }: PretextTask): Program {
  return defineProgram("reconstruction", { loss, prediction: prediction.transpose([1, 0, 2]) });
}
