// One complete configuration from layers of choices: defaults below them, what follows from others, and every check.

import { type MethodName, methodNames, methodOf } from "../methods/registry.js";
import { modelLimits } from "../nn/model-limits.js";
import { type ModelPreset, modelPresetNames } from "../nn/presets.js";
import { deriveMicroBatch, findMisfits } from "./checks.js";
import type { PretrainChoices } from "./choices.js";
import { configDefaults, microBatchTarget } from "./defaults.js";
import { ConfigError } from "./errors.js";
import { type ConfigLayer, isMapping, type Mapping, mergeLayers, show, unmeasured, valueAt } from "./layers.js";
import { nearestName } from "./nearest-name.js";
import { describeIssues, from } from "./problems.js";
import { configSchema, type PretrainConfig } from "./schema.js";

/**
 * Puts what is chosen over the defaults of the preset and method that it names, and validates the result: choices, or
 * layers of them, first the weakest. Paths stay as they are written. Throws ConfigError with one sentence for each problem.
 */
export function settleConfig(chosen: PretrainChoices | readonly ConfigLayer[]): PretrainConfig {
  const layers = isLayers(chosen) ? chosen : [{ origin: "the given configuration", values: chosen }];
  const given = mergeLayers(layers);
  const preset = choose(["model", "preset"], modelPresetNames, "micro", given) as ModelPreset;
  const method = choose(["method"], methodNames, "mixedae", given) as MethodName;
  const channels = givenChannels(given.values);
  const defaults: ConfigLayer = { origin: "defaults", values: configDefaults(preset, method, channels) };
  const { values, origins } = mergeLayers([defaults, ...layers]);

  settleImageSize(values);
  settleOptions(values, method);
  settleNormalization(values, channels);
  const derived = settleMicroBatch(values, method, microBatchTarget(preset, method));
  const schema = configSchema(method);
  const parsed = schema.safeParse(values);
  if (!parsed.success) throw new ConfigError(describeIssues(parsed.error.issues, { schema, values, origins, method }));
  const config = parsed.data as PretrainConfig;
  const misfits = findMisfits(config).filter((each) => !(derived && each.startsWith("schedule.microBatch")));
  if (misfits.length > 0) throw new ConfigError(misfits);
  return config;
}

/** Validates a configuration that was resolved before, such as a run's config.json; nothing is filled in. */
export function parseConfig(values: unknown, origin: string): PretrainConfig {
  if (!isMapping(values))
    throw new ConfigError([`${origin}: expected a mapping of keys to values; found ${show(values)}`]);
  const layers = mergeLayers([{ origin, values }]);
  const method = choose(["method"], methodNames, undefined, layers) as MethodName;
  const schema = configSchema(method);
  const parsed = schema.safeParse(values);
  if (!parsed.success) {
    throw new ConfigError(describeIssues(parsed.error.issues, { schema, values, origins: layers.origins, method }));
  }
  const config = parsed.data as PretrainConfig;
  const misfits = findMisfits(config);
  if (misfits.length > 0) throw new ConfigError(misfits.map((each) => `${each} (in ${origin})`));
  return config;
}

function isLayers(chosen: PretrainChoices | readonly ConfigLayer[]): chosen is readonly ConfigLayer[] {
  return Array.isArray(chosen);
}

/** The choices that decide which defaults and which schema apply, so they are checked before anything else. */
function choose(
  path: readonly string[],
  valid: readonly string[],
  fallback: string | undefined,
  given: { values: Mapping; origins: ReadonlyMap<string, string> },
): string {
  const found = valueAt(path, given.values) ?? fallback;
  if (typeof found === "string" && valid.includes(found)) return found;
  const near = typeof found === "string" ? nearestName(found, valid) : undefined;
  throw new ConfigError([
    `${path.join(".")}${from(path, given.origins)}: expected one of ${valid.join(", ")}; found ${show(found)}` +
      (near === undefined ? "" : `. Did you mean ${near}?`),
  ]);
}

/** What is no number of channels is left for the schema to refuse. */
function givenChannels(values: Mapping): number {
  const channels = valueAt(["model", "channels"], values);
  const isCount =
    Number.isSafeInteger(channels) && (channels as number) >= 1 && (channels as number) <= modelLimits.channels;
  return isCount ? (channels as number) : 3;
}

/**
 * Mean and deviation of images of other than three channels are measured where nobody gives them: there are no usual
 * ones. Until they are known, they are 0 and 1. Three channels are left out, as by configurations that know no others.
 */
function settleNormalization({ model, data }: Mapping, channels: number): void {
  if (isMapping(model) && model.channels === 3) delete model.channels;
  if (!isMapping(data)) return;
  if (data.normalization === null) delete data.normalization;
  if (data.normalization === undefined && channels !== 3 && data.mean === null && data.std === null) {
    data.normalization = "measured";
  }
  if (data.normalization !== "measured") return;
  Object.assign(data, unmeasured(channels));
}

/** A size has one form: squares that are given by two sides have one number. */
function settleImageSize({ model }: Mapping): void {
  if (!isMapping(model) || !Array.isArray(model.imageSize)) return;
  const [height, width, ...others] = model.imageSize as unknown[];
  if (height === width && others.length === 0) model.imageSize = height;
}

/** What follows from other options, or is made exact. */
function settleOptions({ methodOptions, model }: Mapping, method: MethodName): void {
  if (!isMapping(methodOptions)) return;
  const problem = methodOf({ method }).settle?.(methodOptions, isMapping(model) ? model : {});
  if (problem !== undefined) throw new ConfigError([problem]);
}

/** Fills in a micro-batch that nobody set; says whether it did, so that no message blames a value nobody wrote. */
function settleMicroBatch(values: Mapping, method: MethodName, target: number): boolean {
  const { schedule, methodOptions } = values;
  if (!isMapping(schedule) || (schedule.microBatch ?? null) !== null) return false;
  const { batchSize } = schedule;
  if (typeof batchSize !== "number" || !Number.isSafeInteger(batchSize) || batchSize < 1) {
    schedule.microBatch = 1;
    return true;
  }
  const group = isMapping(methodOptions) ? methodOf({ method }).groupSize(methodOptions) : 1;
  // A group that no batch holds is refused with the ratio.
  schedule.microBatch = group <= batchSize ? deriveMicroBatch(batchSize, group, target) : batchSize;
  return true;
}
