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

export interface ConfigSection {
  readonly section: string;
  readonly rows: readonly (readonly [key: string, value: string])[];
}

/** By the first name of the keys; those that have no other stand first, as "general". */
export function sectionsOf(config: unknown): ConfigSection[] {
  const sections = new Map<string, [string, string][]>([["general", []]]);
  for (const [path, value] of flattened(config)) {
    const cut = path.indexOf(".");
    const section = cut < 0 ? "general" : path.slice(0, cut);
    const rows = sections.get(section) ?? [];
    rows.push([path.slice(cut + 1), value]);
    sections.set(section, rows);
  }
  return [...sections].flatMap(([section, rows]) => (rows.length === 0 ? [] : [{ section, rows }]));
}
