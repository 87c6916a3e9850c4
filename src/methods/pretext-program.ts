// The programs of a method: its loss with all gradients for a training step, and its reconstructions for pictures.
import { defineProgram, gradients, input, type Program, type Tensor } from "../graph/index.js";
import { type Parameter, ParameterScope } from "../nn/parameters.js";
import type { Method } from "./method.js";

export interface PretextPrograms {
  readonly parameters: readonly Parameter[];
  /** Outputs `loss`, the metrics under their names, and `gradient/NAME` for each parameter. */
  readonly step: Program;
  /** Outputs `loss` and `prediction` [batch, patches, patchSize * patchSize * 3]. */
  readonly reconstruction: Program;
}

export const GRADIENT_PREFIX = "gradient/";

/** Builds a method's programs for a batch of images; a parameter is an input under its own name. */
export function pretextPrograms(method: Method, images: Tensor): PretextPrograms {
  const scope = new ParameterScope();
  const batch = images.shape[0]!;
  const plan = input(method.planName, [batch / method.groupSize, method.planColumns], "int32");
  const { loss, metrics, prediction } = method.build(scope, images, plan);
  const { parameters } = scope;
  const slopes = gradients(
    loss,
    parameters.map(({ tensor }) => tensor),
  );
  const named = parameters.map(({ name }, index) => [GRADIENT_PREFIX + name, slopes[index]!] as const);
  return {
    parameters,
    step: defineProgram(`${method.name}-step`, { loss, ...metrics, ...Object.fromEntries(named) }),
    reconstruction: defineProgram(`${method.name}-reconstruction`, {
      loss,
      prediction: prediction.transpose([1, 0, 2]),
    }),
  };
}
