// The face of the package: its paths by theme, and that whatever a caller may have to catch has a name there.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repository } from "../docs/pages.js";

const manifest = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
const source = join(repository, "src");
const paths = Object.keys(manifest.exports).filter((path) => !path.endsWith(".json"));

test("every folder of src that has an index is a path of the package, and no other", () => {
  const themes = readdirSync(source).filter((name) => existsSync(join(source, name, "index.ts")));
  expect(paths.sort()).toEqual([".", ...themes.map((theme) => `./${theme}`)].sort());
});

test.each(paths)("%s can be imported", async (path) => {
  const { types, default: file } = manifest.exports[path];
  expect([types, file].filter((each) => !existsSync(join(repository, each)))).toEqual([]);
  expect(Object.keys(await import(join(repository, file))).length).toBeGreaterThan(0);
});

test("every error of the library can be imported from mixedae, and an instance says which it is", async () => {
  const library: Record<string, unknown> = await import(join(repository, manifest.exports["."].default));
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const errors = files
    // Commands and the dashboard are no part of the library.
    .filter((name) => !/^(cli|dashboard)\b/.test(name))
    .flatMap((name) => [...readFileSync(join(source, name), "utf8").matchAll(/export class (\w+) extends \w*Error\b/g)])
    .map(([, name]) => name!);
  expect(errors.length).toBeGreaterThan(20);
  for (const name of errors) {
    expect(library[name], name).toBeTypeOf("function");
    expect((library[name] as { prototype: unknown }).prototype).toBeInstanceOf(Error);
  }
});
