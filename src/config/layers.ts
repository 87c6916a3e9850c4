// Layers of a configuration, and how a later layer overrides an earlier one.

import { nestingFault } from "../files/nesting.js";
import { ConfigError } from "./errors.js";

/** Values from one place, such as a file; a later layer overrides an earlier one. */
export interface ConfigLayer {
  /** Named in error messages, such as "--set" or a file's path. */
  readonly origin: string;
  readonly values: unknown;
}

export type Mapping = Record<string, unknown>;

/** Entries of a list: that of the .tar shards of a large set has some ten thousand. */
const LONGEST = 100_000;

/** Two keys of which exactly one may have a value: setting one in a later layer unsets the other. */
export const exclusivePairs = [
  ["schedule", "epochs", "steps"],
  ["schedule", "baseLearningRate", "learningRate"],
  ["schedule", "warmupEpochs", "warmupShare"],
  ["data", "mean", "normalization"],
  ["data", "std", "normalization"],
] as const;

/** The merged values, and the origin of each by its dotted path. Later layers win; mappings merge, lists do not. */
export function mergeLayers(layers: readonly ConfigLayer[]): { values: Mapping; origins: Map<string, string> } {
  const values: Mapping = {};
  const origins = new Map<string, string>();
  for (const { origin, values: layer } of layers) {
    if (!isMapping(layer))
      throw new ConfigError([`${origin}: expected a mapping of keys to values; found ${show(layer)}`]);
    const fault = nestingFault(layer);
    if (fault !== undefined) throw new ConfigError([`${origin}: it ${fault}`]);
    const lifted = liftExclusive(withoutPlaceholders(layer), values, origin);
    mergeInto(values, lifted, origin, [], origins);
  }
  return { values, origins };
}

/** A value as a person would write it in the configuration; long ones are cut. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  const fault = nestingFault(value);
  if (fault !== undefined) return `a value that ${fault}`;
  // JSON would say null of a number that is not finite.
  return cut(typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value)));
}

/** A text of any length as a message shows it. */
export function cut(text: string, most = 80): string {
  return text.length > most ? `${text.slice(0, most - 3)}...` : text;
}

export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What lies at a path; undefined where nothing does. */
export function valueAt(path: readonly string[], values: unknown): unknown {
  let value = values;
  for (const name of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Mapping)[name];
  }
  return value;
}

/** What mean and deviation of so many channels are until they have been measured. */
export function unmeasured(channels: number) {
  return { mean: new Array<number>(channels).fill(0), std: new Array<number>(channels).fill(1) };
}

/** A configuration that was resolved before has numbers beside the wish to measure them, which nobody has chosen. */
function withoutPlaceholders(layer: Mapping): Mapping {
  const { data } = layer;
  if (!isMapping(data) || data.normalization !== "measured" || !Array.isArray(data.mean)) return layer;
  const { mean, std, ...others } = data;
  const isPlaceholder = JSON.stringify({ mean, std }) === JSON.stringify(unmeasured(data.mean.length));
  return isPlaceholder ? { ...layer, data: others } : layer;
}

function liftExclusive(layer: Mapping, below: Mapping, origin: string): Mapping {
  let result = layer;
  for (const [section, first, second] of exclusivePairs) {
    const own = result[section];
    const lower = below[section];
    if (!isMapping(own)) continue;
    const has = (name: string) => own[name] !== undefined && own[name] !== null;
    if (has(first) && has(second)) {
      throw new ConfigError([
        `${section}.${first} and ${section}.${second} exclude each other; ${origin} sets both. Remove one`,
      ]);
    }
    const loser = has(first) ? second : has(second) ? first : undefined;
    if (loser !== undefined && isMapping(lower))
      result = { ...result, [section]: { ...(result[section] as Mapping), [loser]: null } };
  }
  return result;
}

function mergeInto(
  target: Mapping,
  layer: Mapping,
  origin: string,
  place: readonly string[],
  origins: Map<string, string>,
): void {
  for (const [name, value] of Object.entries(layer)) {
    if (value === undefined) continue;
    const inside = [...place, name];
    const path = inside.join(".");
    const before = Object.hasOwn(target, name) ? target[name] : undefined;
    origins.set(path, origin);
    if (isMapping(value)) {
      const section: Mapping = {};
      if (isMapping(before)) mergeInto(section, before, origins.get(path) ?? origin, inside, new Map());
      mergeInto(section, value, origin, inside, origins);
      define(target, name, section);
    } else {
      if (Array.isArray(value) && value.length > LONGEST) {
        throw new ConfigError([`${path} (from ${origin}): expected at most ${LONGEST} entries; found ${value.length}`]);
      }
      define(target, name, value);
    }
  }
}

/** Sets an own property whatever its name: a key called __proto__ must be seen, and refused, as any unknown one. */
export function define(target: Mapping, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}
