// What a step of pre-training costs, counted from its program.

import { groupSize, type PretrainConfig } from "../config/config.js";
import { countMultiplyAdds } from "../graph/index.js";
import { methodOf } from "../methods/registry.js";
import { gradientProgram } from "../optim/gradient-program.js";

/** Multiply-adds of the matrix products of a step, forward and backward, for one clean image; of a teacher as well. */
export function pretrainCost(config: PretrainConfig): { readonly multiplyAdds: number } {
  const images = groupSize(config);
  const { loss, parameters } = methodOf(config).pretext(config, images);
  const program = gradientProgram(config.method, loss, {}, parameters);
  return { multiplyAdds: countMultiplyAdds(program) / images };
}
