// What a step of pre-training costs, counted from its program, and variants that may take as much as another.

import { type ConfigLayer, groupSize, type PretrainConfig, resolveConfig } from "../config/config.js";
import { ConfigError } from "../config/errors.js";
import { countMultiplyAdds } from "../graph/index.js";
import { methodOf } from "../methods/registry.js";
import { gradientProgram } from "../optim/gradient-program.js";
import type { Study } from "./recipe.js";

/** Multiply-adds of the matrix products of a step, forward and backward, for one clean image; of a teacher as well. */
export function pretrainCost(config: PretrainConfig): { readonly multiplyAdds: number } {
  const images = groupSize(config);
  const { loss, parameters } = methodOf(config).pretext(config, images);
  const program = gradientProgram(config.method, loss, {}, parameters);
  return { multiplyAdds: countMultiplyAdds(program) / images };
}

/**
 * The layers of each variant's pre-training; above those of a variant with `equalCompute` one with its steps: as many
 * batches as come nearest to the multiply-adds of the other. Throws ConfigError where the other has no number of steps.
 */
export function layersWithEqualCompute({ recipe, layers, folder }: Study): ReadonlyMap<string, readonly ConfigLayer[]> {
  const resolved = (name: string) => resolveConfig(layers.get(name)!, folder);
  return new Map(
    recipe.variants.map(({ name, equalCompute }) => {
      const own = layers.get(name)!;
      if (equalCompute === undefined) return [name, own];
      const steps = stepsFor(resolved(name), resolved(equalCompute), `${name}, equalCompute`);
      return [name, [...own, { origin: `${name}, equalCompute`, values: { schedule: { steps, epochs: null } } }]];
    }),
  );
}

function stepsFor(own: PretrainConfig, other: PretrainConfig, origin: string): number {
  const { steps, batchSize } = other.schedule;
  if (steps === null) {
    throw new ConfigError([
      `${origin}: the other encoder needs schedule.steps in place of epochs, to be compared with`,
    ]);
  }
  const multiplyAdds = steps * batchSize * pretrainCost(other).multiplyAdds;
  return Math.max(1, Math.round(multiplyAdds / (own.schedule.batchSize * pretrainCost(own).multiplyAdds)));
}
