// The version of the format that a run's config.json is written in: newer ones are refused in words, not key by key.

import { ConfigError } from "./errors.js";

/** Raised when a config.json of this version would be misread by those before. Files of before there was one have none. */
const FORMAT_VERSION = 1;

/** A configuration as it is written to config.json: the version comes first. */
export function withFormatVersion<Config extends object>(config: Config): { readonly formatVersion: number } & Config {
  return { formatVersion: FORMAT_VERSION, ...config };
}

/** The same values without their version. `origin` is where they are from. Throws ConfigError where it is a newer one. */
export function checkFormatVersion(values: unknown, origin: string): unknown {
  if (typeof values !== "object" || values === null || !("formatVersion" in values)) return values;
  const { formatVersion, ...config } = values;
  if (typeof formatVersion === "number" && formatVersion > FORMAT_VERSION) {
    throw new ConfigError([
      `${origin} was written by a newer mixedae: expected format version ${FORMAT_VERSION} or older; found ` +
        `${formatVersion}. Update mixedae to use it`,
    ]);
  }
  if (formatVersion !== FORMAT_VERSION) {
    throw new ConfigError([
      `${origin}: expected formatVersion to be ${FORMAT_VERSION}; found ${JSON.stringify(formatVersion)}. Restore the file, or ` +
        "remove that line",
    ]);
  }
  return config;
}
