// The door of the configuration: layers come in, one validated and complete configuration goes out.

import { resolve } from "node:path";
import type { PretrainChoices } from "./choices.js";
import type { ConfigLayer } from "./layers.js";
import type { PretrainConfig } from "./schema.js";
import { settleConfig } from "./settle.js";

export { checkImageCount, groupSize, reconstructs } from "./checks.js";
export type { PretrainChoices, SomeOf } from "./choices.js";
export { type ConfigKey, configKeys } from "./keys.js";
export { layerFromAssignments, layerFromFile, readYaml } from "./layer-texts.js";
export type { ConfigLayer } from "./layers.js";
export type { CommonConfig, PretrainConfig } from "./schema.js";
export { parseConfig, settleConfig } from "./settle.js";

/**
 * Puts what is chosen over the defaults of the preset and method that it names, and validates the result: choices, or
 * layers of them, first the weakest. Paths in `source` and `weights` become absolute, relative ones being taken from
 * `folder`.
 * Throws ConfigError with one sentence for each problem.
 */
export function resolveConfig(
  chosen: PretrainChoices | readonly ConfigLayer[],
  folder: string = process.cwd(),
): PretrainConfig {
  const config = settleConfig(chosen);
  const { source, weights, evaluation } = config;
  return {
    ...config,
    source: absolutePaths(source, folder),
    weights: absoluteWeights(weights, folder),
    evaluation: { ...evaluation, source: evaluation.source && absolutePaths(evaluation.source, folder) },
  };
}

/** Paths of images as a configuration holds them: absolute, relative ones being taken from `folder`. */
export function absolutePaths(
  source: PretrainConfig["source"],
  folder: string = process.cwd(),
): PretrainConfig["source"] {
  return typeof source === "string" ? resolve(folder, source) : source.map((path) => resolve(folder, path));
}

function absoluteWeights(weights: PretrainConfig["weights"], folder: string): PretrainConfig["weights"] {
  if (weights === null) return null;
  return typeof weights === "string" ? resolve(folder, weights) : { ...weights, path: resolve(folder, weights.path) };
}

/** What a run trains, as its config.json has it in `task`: "pretrain" where there is none. */
export function taskOf(values: unknown): string {
  if (typeof values !== "object" || values === null || !("task" in values)) return "pretrain";
  return String(values.task);
}
