// The house rules: folders import only from the floors below, nothing in circles, and every file says what it is for.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, resolve } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

/** The folders of src from the ground floor up; those of one floor know nothing of each other. */
const FLOORS: readonly (readonly string[])[] = [
  ["terminal"],
  ["graph", "random", "formats", "files", "processes"],
  ["engine", "data", "pictures"],
  ["nn", "optim"],
  ["methods", "heads"],
  ["config"],
  ["training"],
  ["evaluations", "exchange", "verification"],
  ["study", "scenes", "browser"],
  ["dashboard"],
  ["cli", "index.ts"],
];

const LONGEST_FILE = 300;
const NAMES_WITHOUT_A_HOME = ["utils", "util", "helpers", "helper", "common", "misc", "shared"];
const root = resolve(import.meta.dirname, "../src");

interface Import {
  readonly from: string;
  readonly to: string;
  /** False where the compiler erases it: it then cannot make a circle at run time. */
  readonly isValue: boolean;
}

interface SourceFile {
  /** Relative to src, with "/" between parts. */
  readonly name: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

const files: readonly SourceFile[] = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name))
  .map((name) => name.replaceAll("\\", "/"))
  .sort()
  .map((name) => {
    const text = readFileSync(join(root, name), "utf8");
    return { name, text, imports: importsOf(name, text) };
  });

function importsOf(from: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Expression | undefined, isValue: boolean) => {
    if (specifier === undefined || !ts.isStringLiteral(specifier) || !specifier.text.startsWith(".")) return;
    const target = relative(root, resolve(root, dirname(from), specifier.text)).replaceAll("\\", "/");
    // A page's style sheets are no modules of ours.
    if (target.endsWith(".css")) return;
    const source = target.replace(/\.js$/, ".ts");
    found.push({ from, to: existsSync(join(root, `${source}x`)) ? `${source}x` : source, isValue });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node))
      add(node.moduleSpecifier, node.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, !node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], true);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, false);
    ts.forEachChild(node, visit);
  };
  visit(
    ts.createSourceFile(from, text, ts.ScriptTarget.ES2023, true, from.endsWith("x") ? ts.ScriptKind.TSX : undefined),
  );
  return found;
}

function floorOf(name: string): number {
  return FLOORS.findIndex((folders) => folders.includes(name.split("/")[0]!));
}

function folderOf(name: string): string {
  return name.split("/")[0]!;
}

test("every file of src is on a floor of the house", () => {
  expect(files.length).toBeGreaterThan(50);
  expect(files.map(({ name }) => name).filter((name) => floorOf(name) === -1)).toEqual([]);
});

test("imports lead to files that exist", () => {
  const names = new Set(files.map(({ name }) => name));
  expect(files.flatMap(({ imports }) => imports).filter(({ to }) => !names.has(to))).toEqual([]);
});

test("a folder imports only from floors below its own, even types", () => {
  const upward = files
    .flatMap(({ imports }) => imports)
    .filter(({ from, to }) => folderOf(from) !== folderOf(to) && floorOf(to) >= floorOf(from))
    .map(({ from, to }) => `${from} imports ${to}`);
  expect(upward).toEqual([]);
});

test("no file imports itself through others, types left aside", () => {
  const graph = new Map(
    files.map(({ name, imports }) => [name, imports.filter(({ isValue }) => isValue).map(({ to }) => to)]),
  );
  expect(findCircle(graph)).toBeUndefined();
});

test("circles and upward imports would be seen", () => {
  const text = [
    'import type { A } from "../nn/a.js";',
    'import { type B, c } from "./b.js";',
    'export * from "./c.js";',
    'const d = import("../cli/d.js");',
    'import external from "sharp";',
  ].join("\n");
  expect(importsOf("graph/x.ts", text)).toEqual([
    { from: "graph/x.ts", to: "nn/a.ts", isValue: false },
    { from: "graph/x.ts", to: "graph/b.ts", isValue: true },
    { from: "graph/x.ts", to: "graph/c.ts", isValue: true },
    { from: "graph/x.ts", to: "cli/d.ts", isValue: true },
  ]);
  const circle = new Map([
    ["a", ["b"]],
    ["b", ["c", "d"]],
    ["c", []],
    ["d", ["b"]],
  ]);
  expect(findCircle(circle)).toEqual(["b", "d", "b"]);
});

/** The first circle that a walk along the imports meets, as a path that ends where it began. */
function findCircle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const walk = (name: string): string[] | undefined => {
    const before = path.indexOf(name);
    if (before !== -1) return [...path.slice(before), name];
    if (done.has(name)) return undefined;
    path.push(name);
    for (const next of graph.get(name) ?? []) {
      const circle = walk(next);
      if (circle !== undefined) return circle;
    }
    path.pop();
    done.add(name);
    return undefined;
  };
  for (const name of graph.keys()) {
    const circle = walk(name);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

test("every file begins with a line that says what it is for", () => {
  const silent = files.filter(({ text }) => {
    const lines = text.split("\n");
    const first = lines[0]!.startsWith("#!") ? lines[1] : lines[0];
    return !/^\/\/ [A-Za-z`].{10,}/.test(first ?? "");
  });
  expect(silent.map(({ name }) => name)).toEqual([]);
});

test(`no file is longer than ${LONGEST_FILE} lines`, () => {
  const long = files.filter(({ text }) => text.split("\n").length - 1 > LONGEST_FILE);
  expect(long.map(({ name }) => name)).toEqual([]);
});

test("nothing lives in a room without a purpose", () => {
  const homeless = files.filter(({ name }) =>
    name.split("/").some((part) => NAMES_WITHOUT_A_HOME.includes(posix.parse(part).name)),
  );
  expect(homeless.map(({ name }) => name)).toEqual([]);
});
