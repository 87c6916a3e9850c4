// What the commands with a configuration have in common: flags that can be given several times, and keys in help texts.

import type { ConfigKey } from "../config/config.js";

/** For commander: adds a value to those that came before it. */
export function collect(value: string, former: readonly string[] = []): readonly string[] {
  return [...former, value];
}

/** A configuration's key as help texts show it. */
export function describeKey({ path, description, expected, default: fallback }: ConfigKey): string[] {
  return [`  ${path} (default: ${fallback})`, `      ${description}; ${expected}`];
}
