// Flags made of the schema of an evaluation's options: their names, what they take, their defaults and their help.

import { type Command, Option } from "commander";
import { z } from "zod";
import { metaOf } from "../evaluations/options.js";
import type { SourcePaths } from "../training/outputs.js";
import { countUpTo, numberUpTo, onePath, share, wholeNumber } from "./evaluation-flags.js";
import { UsageError } from "./report-error.js";

/** What a flag takes: the words behind its name in the help, and how it is read; undefined for one that takes nothing. */
interface Argument {
  readonly words?: string;
  readonly choices?: readonly string[];
  readonly read?: (text: string) => unknown;
}

/** Adds a flag for each option. */
export function addOptionFlags(command: Command, options: z.ZodObject): Command {
  for (const [name, schema] of entriesOf(options)) command.addOption(optionFlag(name, schema));
  return command;
}

/** The options that flags gave, with their defaults. Throws UsageError for a value that its schema does not take. */
export function optionsOfFlags(
  options: z.ZodObject,
  flags: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const given = entriesOf(options).flatMap(([name, schema]) => {
    const value = flags[optionFlag(name, schema).attributeName()];
    return value === undefined ? [] : [[name, Array.isArray(value) ? onePath(value) : value]];
  });
  const parsed = options.safeParse(Object.fromEntries(given));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path: [name = ""], message }) => {
    const { long } = optionFlag(String(name), options.shape[String(name)] as z.ZodType);
    return `${long}: ${message}`;
  });
  throw new UsageError(problems.join("; "));
}

/** The sets of images among the options: no picture is written among them. */
export function imageSetsOf(options: z.ZodObject, given: Readonly<Record<string, unknown>>) {
  return entriesOf(options).flatMap(([name, schema]) =>
    metaOf(schema).imagesWithin === undefined ? [] : [given[name] as SourcePaths],
  );
}

function entriesOf(options: z.ZodObject): [string, z.ZodType][] {
  return Object.entries(options.shape) as [string, z.ZodType][];
}

export function optionFlag(name: string, schema: z.ZodType): Option {
  const { description, flag } = metaOf(schema);
  const { words, choices, read } = argumentOf(name, schema);
  const ownFlag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const option = new Option(flag ?? [ownFlag, ...(words === undefined ? [] : [words])].join(" "), description);
  if (schema instanceof z.ZodDefault) option.default(schema.parse(undefined));
  if (choices !== undefined) option.choices(choices);
  if (read !== undefined) option.argParser(read);
  return option.makeOptionMandatory(!schema.safeParse(undefined).success);
}

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly maximum?: number;
}

function argumentOf(name: string, schema: z.ZodType): Argument {
  const { type, anyOf, maximum, minimum, exclusiveMinimum, exclusiveMaximum, ...others } = z.toJSONSchema(schema, {
    io: "input",
  }) as JsonSchema;
  if (others.enum !== undefined) return { words: "<name>", choices: others.enum };
  if (anyOf?.some((each) => each.type === "array")) return { words: "<source...>" };
  if (type === "boolean") return {};
  if (type === "string") return { words: metaOf(schema).imagesWithin === undefined ? "<text>" : "<folder>" };
  if (type === "integer" && minimum === 0 && maximum === Number.MAX_SAFE_INTEGER) {
    return { words: "<n>", read: wholeNumber };
  }
  if (type === "integer" && minimum === 1 && maximum !== undefined) return { words: "<n>", read: countUpTo(maximum) };
  if (type === "number" && exclusiveMinimum === 0 && (maximum ?? exclusiveMaximum) === 1)
    return { words: "<share>", read: share };
  if (type === "number" && exclusiveMinimum === 0 && maximum !== undefined) {
    return { words: "<x>", read: numberUpTo(maximum) };
  }
  throw new TypeError(`the option ${name} has a schema that no flag is made of`);
}
