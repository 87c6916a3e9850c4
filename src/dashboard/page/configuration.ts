// Configurations as lists of keys, and in what several of them differ.

export interface ConfigRow {
  readonly key: string;
  /** As text, one for each configuration; undefined where it has no such key. */
  readonly values: readonly (string | undefined)[];
  readonly differs: boolean;
}

/** "model.width": "96". Lists are values. */
export function flattened(config: unknown, prefix = ""): Map<string, string> {
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    return new Map(prefix === "" ? [] : [[prefix, shown(config)]]);
  }
  return new Map(
    Object.entries(config).flatMap(([key, value]) => [...flattened(value, prefix === "" ? key : `${prefix}.${key}`)]),
  );
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** In the order in which keys first come. */
export function comparedConfigs(configs: readonly unknown[]): ConfigRow[] {
  const flat = configs.map((config) => flattened(config));
  const keys = [...new Set(flat.flatMap((each) => [...each.keys()]))];
  return keys.map((key) => {
    const values = flat.map((each) => each.get(key));
    return { key, values, differs: new Set(values).size > 1 };
  });
}
