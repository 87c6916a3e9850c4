// The package as a stranger gets it: packed, installed in an empty project, type-checked and run there.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository } from "../docs/pages.js";
import { tinyAssignments, writeImages } from "../training/tiny-run.js";

const folder = mkdtempSync(join(tmpdir(), "mixedae-packed-"));
const manifest = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
/** Paths in the package. */
let packed: string[] = [];

const npm = (...words: string[]) =>
  execFileSync("npm", words, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const mixedae = (...words: string[]) =>
  execFileSync(join(folder, "node_modules/.bin/mixedae"), words, { cwd: folder, encoding: "utf8" });

beforeAll(async () => {
  // Built already, as everything that the tests run; without its build, packing leaves dist to the other tests.
  const [{ filename, files }] = JSON.parse(npm("pack", repository, "--ignore-scripts", "--json"));
  packed = files.map(({ path }: { path: string }) => path);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "stranger", private: true, type: "module" }));
  npm("install", `./${filename}`, "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund");
  await writeImages(join(folder, "images"), 12);
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("holds the program, its pages and recipes, and no results of studies, tests or build files", () => {
  for (const path of [
    "dist/index.js",
    "dist/index.d.ts",
    "dist/cli/main.js",
    "dist/dashboard/page/index.html",
    "dist/dashboard/page/page.js",
    "dist/dashboard/page/page.css",
    "recipes/emoji-demo.yaml",
    "fonts/DejaVuSans-subset.ttf",
  ]) {
    expect(packed).toContain(path);
  }
  for (const path of ["LICENSE", "THIRD-PARTY-NOTICES.md", "CHANGELOG.md", "README.md", "docs/methods.md"]) {
    expect(packed).toContain(path);
  }
  const kinds = new Set(
    packed.map((path) => path.replace(/^(dist|docs|examples|fonts)\/.*/, "$1/").replace(/\w[\w-]*\.yaml$/, "")),
  );
  expect([...kinds].sort()).toEqual(
    [
      "dist/",
      "docs/",
      "examples/",
      "fonts/",
      "recipes/",
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "THIRD-PARTY-NOTICES.md",
      "package.json",
    ].sort(),
  );
  expect(packed.filter((path) => /\.map$|tsbuildinfo|\.test\./.test(path))).toEqual([]);
});

describe("type-checks in a project of its own", () => {
  const themes = Object.keys(manifest.exports).filter((path) => path !== "." && !path.endsWith(".json"));
  const consumer = [
    'import { EventDisplay, layerFromAssignments, Progress, pretrain, resolveConfig, type RunEvent } from "mixedae";',
    ...themes.map((theme, index) => `import * as theme${index} from "mixedae/${theme.slice(2)}";`),
    "const seen: RunEvent[] = [];",
    "const display = new EventDisplay(new Progress({ write: (text: string) => text.length }));",
    'const config = resolveConfig([layerFromAssignments(["source=images", "method=mae"])]);',
    "export const run = () =>",
    '  pretrain(config, "runs/a", { signal: AbortSignal.timeout(1000), onEvent: (event) => display.show(event) });',
    "// @ts-expect-error a run has a folder",
    "export const wrong = () => pretrain(config);",
    `export const themes = [seen, ${themes.map((_, index) => `theme${index}`).join(", ")}];`,
  ].join("\n");

  test.each([
    ["node16", ts.ModuleKind.Node16, ts.ModuleResolutionKind.Node16],
    ["bundler", ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
  ] as const)("with moduleResolution %s", (name, module, moduleResolution) => {
    const file = join(folder, `${name}.ts`);
    writeFileSync(file, consumer);
    const program = ts.createProgram([file], {
      ...{ module, moduleResolution, target: ts.ScriptTarget.ES2023, lib: ["lib.es2023.d.ts"] },
      ...{ strict: true, noEmit: true, typeRoots: [join(repository, "node_modules/@types")], types: ["node"] },
    });
    // Declarations of other packages are theirs: that of ONNX Runtime names types of browsers.
    const isOurs = (path: string) => !path.includes("/node_modules/") || path.includes("/node_modules/mixedae/");
    const ours = program.getSourceFiles().filter(({ fileName }) => isOurs(fileName));
    expect(ours.length).toBeGreaterThan(100);
    const messages = ours
      .flatMap((each) => [...program.getSyntacticDiagnostics(each), ...program.getSemanticDiagnostics(each)])
      .map((each) => `${each.file?.fileName}: ${ts.flattenDiagnosticMessageText(each.messageText, "\n")}`);
    expect(messages).toEqual([]);
  });
});

test("says its version", () => {
  expect(mixedae("--version").trim()).toBe(manifest.version);
});

test("trains", () => {
  const sets = [...tinyAssignments, "schedule.steps=2"].flatMap((one) => ["--set", one]);
  expect(mixedae("pretrain", "images", "--out", "run", ...sets)).toContain("Finished 2 steps");
  expect(readdirSync(join(folder, "run"))).toContain("events.jsonl");
});
