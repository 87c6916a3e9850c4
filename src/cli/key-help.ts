// A configuration's key as help texts show it.

import type { ConfigKey } from "../config/config.js";

export function describeKey({ path, description, expected, default: fallback }: ConfigKey): string[] {
  return [`  ${path} (default: ${fallback})`, `      ${description}; ${expected}`];
}
