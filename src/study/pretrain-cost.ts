// What a step of pre-training costs, counted from its program.

import { countMultiplyAdds } from "../graph/index.js";
import { gradientProgram } from "../optim/gradient-program.js";
import type { PretrainConfig } from "../training/config.js";
import { methodOf, modelOf } from "../training/model.js";

/** Multiply-adds of the matrix products of a step, forward and backward, for one clean image. */
export function pretrainCost(config: PretrainConfig): { readonly multiplyAdds: number } {
  const method = methodOf(config);
  const { loss, parameters } = modelOf(config, method, method.groupSize);
  const program = gradientProgram(method.name, loss, {}, parameters);
  return { multiplyAdds: countMultiplyAdds(program) / method.groupSize };
}
