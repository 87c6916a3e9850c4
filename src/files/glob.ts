// Files by pattern, for shells that leave that to the program: * ? [abc] {a,b} within a name, ** for folders of any depth.

import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { sep } from "node:path";

/** Whether a text means more than the path that it spells. */
export function isGlob(text: string): boolean {
  return /[*?[{]/.test(text);
}

/**
 * The paths of files and folders that match, each once, in the order of their names. Hidden ones match only where the
 * pattern spells their dot, and links to folders are not followed by `**`. Folders that cannot be read hold nothing.
 */
export async function matchGlob(pattern: string): Promise<string[]> {
  const text = sep === "\\" ? pattern.replaceAll(sep, "/") : pattern;
  const found = new Set<string>();
  for (const each of alternatives(text)) {
    const isAbsolute = each.startsWith("/");
    const segments = each.split("/").filter((segment) => segment !== "" && segment !== ".");
    for await (const path of walk(isAbsolute ? "/" : "", segments)) found.add(path);
  }
  return [...found].sort();
}

async function* walk(folder: string, segments: readonly string[]): AsyncGenerator<string> {
  const [segment, ...rest] = segments;
  if (segment === undefined) {
    if (folder !== "") yield folder;
    return;
  }
  if (segment === "**") {
    yield* walk(folder, rest);
    for (const entry of await entriesOf(folder)) {
      if (entry.isDirectory() && !entry.name.startsWith(".")) yield* walk(joined(folder, entry.name), segments);
    }
    return;
  }
  if (!isGlob(segment)) {
    const path = joined(folder, segment);
    if (existsSync(path)) yield* walk(path, rest);
    return;
  }
  const name = nameExpression(segment);
  for (const entry of await entriesOf(folder)) {
    if (entry.name.startsWith(".") && !segment.startsWith(".")) continue;
    if (name.test(entry.name)) yield* walk(joined(folder, entry.name), rest);
  }
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder === "" ? "." : folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function joined(folder: string, name: string): string {
  return folder === "" || folder.endsWith("/") ? `${folder}${name}` : `${folder}/${name}`;
}

/** Without braces: `a{b,c}` is `ab` and `ac`; braces that hold no comma, or are not closed, stand for themselves. */
function alternatives(pattern: string): string[] {
  const match = /\{([^{}]*,[^{}]*)\}/.exec(pattern);
  if (match === null) return [pattern];
  const [before, after] = [pattern.slice(0, match.index), pattern.slice(match.index + match[0].length)];
  return match[1]!.split(",").flatMap((choice) => alternatives(before + choice + after));
}

function nameExpression(segment: string): RegExp {
  const source = segment.replaceAll(/\[(!?)([^\]]+)\]|[*?]|[^*?[]+|\[/g, (part, not?: string, set?: string) => {
    if (set !== undefined) return `[${not === "!" ? "^" : ""}${set.replaceAll(/[\\\]^[]/g, "\\$&")}]`;
    if (part === "*") return "[^/]*";
    if (part === "?") return "[^/]";
    return part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  });
  try {
    return new RegExp(`^${source}$`, "su");
  } catch {
    // A range that runs backwards, such as [z-a]: no name is in it.
    return /(?!)/;
  }
}
