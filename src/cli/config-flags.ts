// What the commands with a configuration have in common: flags that can be given several times, and keys in help texts.

import { Option } from "commander";
import type { ConfigKey } from "../config/config.js";

/** For commander: adds a value to those that came before it. */
export function collect(value: string, former: readonly string[] = []): readonly string[] {
  return [...former, value];
}

/** The flag of commands that train. */
export function verboseOption(): Option {
  return new Option("--verbose", "print the whole configuration before the first step; RUN/config.json has it too");
}

/** A configuration's key as help texts show it. */
export function describeKey({ path, description, expected, default: fallback }: ConfigKey): string[] {
  return [`  ${path} (default: ${fallback})`, `      ${description}; ${expected}`];
}
