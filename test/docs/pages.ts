// The documentation as the tests see it: pages, and the blocks of them that are marked to be run.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const repository = resolve(import.meta.dirname, "../..");

export interface Page {
  /** Relative to the repository. */
  readonly name: string;
  readonly text: string;
}

/** The README, the two pages beside it, and everything in docs. */
export const pages: readonly Page[] = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...readdirSync(join(repository, "docs"))
    .filter((name) => name.endsWith(".md"))
    .sort()
    .map((name) => `docs/${name}`),
].map((name) => ({ name, text: readFileSync(join(repository, name), "utf8") }));

/** The fenced blocks of a language that say `run` behind it, in their order. */
export function runnableBlocks({ text }: Page, language: "sh" | "ts"): string[] {
  return [...text.matchAll(/^```(\w+)(.*)\n([\s\S]*?)^```$/gm)].flatMap(([, name, info, code]) =>
    name === language && info!.trim() === "run" ? [code!] : [],
  );
}
