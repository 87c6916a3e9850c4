// Turns what the schema refuses into sentences: where, what was expected, what was found, what was probably meant.

import type { z } from "zod";
import type { MethodName } from "../methods/registry.js";
import { describeKey, schemaKeys } from "./keys.js";
import { cut, type Mapping, show, valueAt } from "./layers.js";
import { nearestName } from "./nearest-name.js";

/** What was given, and the schema that it was judged by. */
export interface JudgedConfig {
  readonly schema: z.ZodObject;
  readonly values: Mapping;
  readonly origins: ReadonlyMap<string, string>;
  /** Whose options `methodOptions` holds. */
  readonly method?: MethodName;
}

/** More than these nobody reads, and each takes a look at the whole schema. */
const MOST_PROBLEMS = 20;

export function describeIssues(issues: readonly z.core.$ZodIssue[], given: JudgedConfig): string[] {
  const found = issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => () => unknownKey([...issue.path.map(String), key], given))
      : [() => wrongValue(issue, given)],
  );
  // Each wrong item of a list gives an issue; the sentence about the whole list is the same.
  const sentences = [...new Set(found.slice(0, MOST_PROBLEMS).map((describe) => describe()))];
  const others = found.length - MOST_PROBLEMS;
  return others > 0 ? [...sentences, `and ${others} more problems. Mend these first`] : sentences;
}

function unknownKey(path: readonly string[], { schema, origins, method }: JudgedConfig): string {
  const name = path.at(-1)!;
  const section = path.slice(0, -1);
  const siblings = describeKey(schema, section).inside;
  const near = nearestName(name, siblings);
  const meant = near === undefined ? elsewhere(name, schema) : [...section, near].join(".");
  const where = section[0] === "methodOptions" ? ` of method ${method}` : "";
  const guess = meant === undefined ? "" : ` Did you mean ${meant}?`;
  return `${cut(path.join("."))}${from(path, origins)}: no such key${where}.${guess} Valid keys here: ${siblings.join(", ")}`;
}

/** A right key in the wrong place is the commonest slip of all. */
function elsewhere(name: string, schema: z.ZodObject): string | undefined {
  const keys = schemaKeys(schema, {}).map(({ path }) => ({ path, leaf: path.split(".").at(-1)! }));
  const near = nearestName(
    name,
    keys.map(({ leaf }) => leaf),
  );
  return keys.find(({ leaf }) => leaf === near)?.path;
}

function wrongValue(issue: z.core.$ZodIssue, { schema, values, origins }: JudgedConfig): string {
  const key = describeKey(schema, issue.path.map(String));
  const found = valueAt(key.path, values);
  if (key.path.join(".") === "source" && found === undefined) {
    return "source: nothing to learn from. Name a folder of images, .tar shards or a folder of IDX files";
  }
  const choices = key.expected.startsWith("one of ") ? key.expected.slice("one of ".length).split(", ") : [];
  const near = typeof found === "string" ? nearestName(found, choices) : undefined;
  const meant = near === undefined ? "" : `. Did you mean ${near}?`;
  return `${key.path.join(".")}${from(key.path, origins)}: expected ${key.expected}; found ${show(found)}${meant}`;
}

/** " (from FILE)", or nothing where only the defaults know the key. */
export function from(path: readonly string[], origins: ReadonlyMap<string, string>): string {
  for (let length = path.length; length > 0; length--) {
    const origin = origins.get(path.slice(0, length).join("."));
    if (origin !== undefined) return origin === "defaults" ? "" : ` (from ${origin})`;
  }
  return "";
}
