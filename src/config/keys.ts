// The keys of the configuration as a list, read from the schema: for help texts, documentation and error messages.

import { z } from "zod";
import { type MethodName, methodOf } from "../methods/registry.js";
import type { ModelPreset } from "../nn/presets.js";
import { configDefaults } from "./defaults.js";
import { isMapping, valueAt } from "./layers.js";
import { configSchema } from "./schema.js";

/** A key of a configuration, as help texts describe it. */
export interface ConfigKey {
  /** Names joined by dots, as `--set` takes them. */
  readonly path: string;
  /** What values are valid, such as "a whole number above 0". */
  readonly expected: string;
  readonly description: string;
  /** As JSON; "derived" and "required" where there is no fixed value. */
  readonly default: string;
}

interface JsonSchema {
  /** Our own: what is valid, in words, where the rules below would not say it well. */
  readonly expected?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly prefixItems?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

/** Every key of the configuration for one method, in the order of the schema. */
export function configKeys(method: MethodName, preset: ModelPreset = "micro"): ConfigKey[] {
  const options = methodOf({ method }).derivedOptions ?? [];
  const derived = {
    source: "required",
    "model.channels": "3",
    "data.normalization": "none; for other channels than 3, measured",
    "schedule.microBatch": "derived",
    ...Object.fromEntries(options.map((name) => [`methodOptions.${name}`, "derived"])),
  };
  return schemaKeys(configSchema(method), configDefaults(preset, method), derived);
}

/** Every key of a schema. `derived` holds the words for defaults that are no fixed value. */
export function schemaKeys(
  schema: z.ZodObject,
  defaults: unknown,
  derived: Readonly<Record<string, string>> = {},
): ConfigKey[] {
  return [...leaves(schema, [])].map(([path, leaf]) => ({
    path: path.join("."),
    expected: expectedText(jsonSchema(leaf)),
    description: leaf.description ?? "",
    default: derived[path.join(".")] ?? shown(valueAt(path, defaults)),
  }));
}

/** What is valid at `path`, or at the deepest key on the way there that the schema names. */
export function describeKey(root: z.ZodObject, path: readonly string[]) {
  let schema: z.core.$ZodType = root;
  const known: string[] = [];
  for (const name of path) {
    const section = unwrap(schema);
    const child = section instanceof z.ZodObject ? section.shape[name] : undefined;
    if (child === undefined) break;
    known.push(name);
    schema = child;
  }
  const section = unwrap(schema);
  return {
    path: known,
    expected: expectedText(jsonSchema(schema)),
    /** Names of the keys inside, where it is a section. */
    inside: section instanceof z.ZodObject ? Object.keys(section.shape) : [],
  };
}

function* leaves(schema: z.ZodObject, path: readonly string[]): Generator<[string[], z.ZodType]> {
  for (const [name, child] of Object.entries(schema.shape) as [string, z.ZodType][]) {
    const section = child instanceof z.ZodDefault ? child.unwrap() : child;
    if (section instanceof z.ZodObject) yield* leaves(section, [...path, name]);
    else yield [[...path, name], child];
  }
}

function jsonSchema(schema: z.core.$ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "input" }) as JsonSchema;
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) return unwrap(schema.unwrap());
  return schema;
}

function expectedText(schema: JsonSchema): string {
  if (schema.expected !== undefined) return schema.expected;
  if (schema.anyOf !== undefined) return schema.anyOf.map(expectedText).join(" or ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return `one of ${schema.enum.join(", ")}`;
  if (Array.isArray(schema.type)) return schema.type.map((type) => expectedText({ ...schema, type })).join(" or ");
  switch (schema.type) {
    case "null":
      return "null";
    case "boolean":
      return "true or false";
    case "string":
      return "a text";
    case "integer":
      return `a whole number${rangeText(schema)}`;
    case "number":
      return `a number${rangeText(schema)}`;
    case "array": {
      const first = schema.prefixItems?.[0] ?? schema.items;
      const each = first === undefined ? "value" : expectedText(first).replace(/^an? /, "");
      return schema.prefixItems ? `a list of ${schema.prefixItems.length}, each ${each}` : `a list, each ${each}`;
    }
    case "object":
      return `a mapping with ${Object.keys(schema.properties ?? {}).join(", ")}`;
    default:
      return "a value";
  }
}

function rangeText(schema: JsonSchema): string {
  const parts: string[] = [];
  // JSON Schema gives every whole number the bounds of the exact ones; they say nothing to a reader.
  const finite = (bound: number | undefined) =>
    bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER ? bound : undefined;
  const low = finite(schema.minimum);
  const above = finite(schema.exclusiveMinimum);
  const high = finite(schema.maximum);
  const below = finite(schema.exclusiveMaximum);
  if (low !== undefined && high !== undefined) return ` from ${low} to ${boundText(high)}`;
  if (low !== undefined) parts.push(`of at least ${low}`);
  if (above !== undefined) parts.push(`above ${above}`);
  if (high !== undefined) parts.push(`of at most ${boundText(high)}`);
  if (below !== undefined) parts.push(`below ${below}`);
  return parts.length === 0 ? "" : ` ${parts.join(" and ")}`;
}

function boundText(bound: number): string {
  return bound >= 10_000 ? bound.toLocaleString("en-US") : String(bound);
}

/** As JSON; mappings with spaces, at which lines can wrap. */
function shown(value: unknown): string {
  return isMapping(value) ? JSON.stringify(value, null, 1).replaceAll(/\n\s*/g, " ") : JSON.stringify(value);
}
