// Layers of a configuration from what people write: files, and assignments on a command line.

import { DEEPEST } from "../files/nesting.js";
import { readText } from "../files/regular-file.js";
import { ConfigError } from "./errors.js";
import { checkFormatVersion } from "./format-version.js";
import { type ConfigLayer, cut, define, isMapping, type Mapping } from "./layers.js";
import { LARGEST_YAML, parseYaml } from "./yaml.js";

/** The values of a YAML (or JSON) file, such as a run's config.json; an empty one is an empty configuration. Throws ConfigError. */
export function layerFromFile(path: string): ConfigLayer {
  return { origin: path, values: checkFormatVersion(readYaml(path) ?? {}, path) };
}

/** What a YAML (or JSON) file holds; null where it is empty. Throws ConfigError when it cannot be read. */
export function readYaml(path: string): unknown {
  let text: string;
  try {
    text = readText(path, LARGEST_YAML);
  } catch (error) {
    throw new ConfigError([`cannot read ${path}: ${(error as Error).message}`]);
  }
  try {
    return parseYaml(text);
  } catch (error) {
    throw new ConfigError([`${path} is not valid YAML: ${cut((error as Error).message.trim(), 300)}`]);
  }
}

/** One layer from `path=value` texts; values are YAML, so numbers, true, null and [lists] mean what they look like. */
export function layerFromAssignments(assignments: readonly string[], origin = "--set"): ConfigLayer {
  const values: Mapping = {};
  for (const assignment of assignments) {
    const equals = assignment.indexOf("=");
    const path = assignment.slice(0, Math.max(equals, 0)).trim().split(".");
    if (equals < 1 || path.some((name) => name === "")) {
      throw new ConfigError([`${origin} ${cut(assignment)}: expected path=value, such as schedule.batchSize=64`]);
    }
    if (path.length > DEEPEST) {
      throw new ConfigError([`${origin}: expected at most ${DEEPEST} names in a path; found ${path.length}`]);
    }
    let value: unknown;
    try {
      value = parseYaml(assignment.slice(equals + 1));
    } catch (error) {
      throw new ConfigError([
        `${origin} ${cut(assignment)}: the value is not valid YAML: ${cut((error as Error).message.trim(), 300)}`,
      ]);
    }
    let section = values;
    for (const name of path.slice(0, -1)) {
      if (!Object.hasOwn(section, name) || !isMapping(section[name])) define(section, name, {});
      section = section[name] as Mapping;
    }
    define(section, path.at(-1)!, value);
  }
  return { origin, values };
}
