// Runs what the documentation and the examples show: shell commands at a small size, TypeScript as it stands.
import { execFile } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tarArchive } from "../formats/tar-writer.js";
import { pages, repository, runnableBlocks } from "./pages.js";

const execute = promisify(execFile);
const TIMEOUT = 120_000;
const emoji = join(repository, "node_modules/emoji-datasource-google/img/google/64");
const folder = mkdtempSync(join(tmpdir(), "mixedae-docs-"));
/** Inside the repository, so that `import ... from "mixedae"` finds the package. */
const compiled = join(repository, "build/docs-test");

/** What every `mixedae pretrain` of the documentation gets on top: the same run, but tiny. Others likewise. */
const SMALLER = [
  "model.width=24 model.depth=2 model.heads=2 model.decoderWidth=16 model.decoderDepth=1 model.decoderHeads=2",
  "schedule.steps=2 schedule.batchSize=16 schedule.microBatch=8 run.threads=1",
]
  .join(" ")
  .split(" ")
  .map((assignment) => `--set ${assignment}`)
  .join(" ");

beforeAll(() => {
  makeImages();
  makeCommand();
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  rmSync(compiled, { recursive: true, force: true });
});

describe("shell commands", () => {
  for (const page of pages) {
    const blocks = runnableBlocks(page, "sh");
    if (blocks.length === 0) continue;
    test(page.name, { timeout: TIMEOUT }, async () => {
      const place = join(folder, basename(page.name, ".md"));
      cpSync(join(folder, "images"), place, { recursive: true });
      symlinkSync(join(repository, "recipes"), join(place, "recipes"));
      // One shell for the page, so that later blocks go on from earlier ones; the first command that fails ends it.
      await run("sh", ["-e", "-u", "-c", blocks.join("\n")], place);
    });
  }
});

describe("TypeScript", () => {
  const sources = new Map<string, string>();
  for (const page of pages) {
    for (const [index, code] of runnableBlocks(page, "ts").entries()) {
      sources.set(`${basename(page.name, ".md")}-${index + 1}`, code);
    }
  }
  for (const name of readdirSync(join(repository, "examples")).filter((file) => file.endsWith(".ts"))) {
    sources.set(basename(name, ".ts"), readFileSync(join(repository, "examples", name), "utf8"));
  }

  beforeAll(() => {
    mkdirSync(compiled, { recursive: true });
    for (const [name, code] of sources) writeFileSync(join(compiled, `${name}.ts`), code);
  });

  test("fits the types of the library", { timeout: TIMEOUT }, () => {
    expect(compileAll([...sources.keys()].map((name) => join(compiled, `${name}.ts`)))).toEqual([]);
  });

  test.each([...sources.keys()])("%s runs", { timeout: TIMEOUT }, async (name) => {
    // One folder for the page, so that later blocks go on from earlier ones.
    const place = join(folder, `ts-${name.replace(/-\d+$/, "")}`);
    if (!existsSync(place)) cpSync(join(folder, "images"), place, { recursive: true });
    const { stdout } = await run(process.execPath, [join(compiled, `${name}.js`)], place);
    expect(stdout).not.toBe("");
    if (name === "train-classifier") expect(Number(/accuracy ([\d.]+)\n$/.exec(stdout)?.[1])).toBeGreaterThan(0.95);
  });
});

/** Type-checks and compiles with the project's own options; returns what the compiler has to say. */
function compileAll(files: string[]): string[] {
  const configPath = join(repository, "tsconfig.tools.json");
  const { config } = ts.readConfigFile(configPath, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files }, ts.sys, repository);
  const program = ts.createProgram(files, {
    ...options,
    rootDir: compiled,
    outDir: compiled,
    configFilePath: configPath,
  });
  const { diagnostics } = program.emit();
  return [...ts.getPreEmitDiagnostics(program), ...diagnostics].map(
    ({ file, start = 0, messageText }) =>
      `${basename(file?.fileName ?? "")}:${(file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1} ` +
      ts.flattenDiagnosticMessageText(messageText, "\n"),
  );
}

async function run(command: string, args: readonly string[], place: string) {
  const path = [join(folder, "bin"), process.env.PATH].join(delimiter);
  try {
    return await execute(command, args, { cwd: place, env: { ...process.env, PATH: path } });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${(error as Error).message}\n${stdout}\n${stderr}`);
  }
}

/** The images that the pages speak of: photos/, shards-*.tar, fashion/, and the emoji where the recipe expects them. */
function makeImages(): void {
  const images = join(folder, "images");
  const installed = join(images, "node_modules/emoji-datasource-google/img/google/64");
  for (const path of [
    join(images, "photos/animals"),
    join(images, "photos/plants"),
    join(images, "cats-and-dogs/cats"),
    join(images, "cats-and-dogs/dogs"),
    join(images, "fashion"),
    installed,
  ]) {
    mkdirSync(path, { recursive: true });
  }
  const names = readdirSync(emoji).sort().slice(0, 48);
  for (const [index, name] of names.entries()) {
    copyFileSync(join(emoji, name), join(installed, name));
    copyFileSync(join(emoji, name), join(images, "photos", index % 2 ? "animals" : "plants", `${index}.png`));
    copyFileSync(join(emoji, name), join(images, "cats-and-dogs", index % 2 ? "cats" : "dogs", `${index}.png`));
  }
  symlinkSync(join(emoji, "../../../emoji.json"), join(installed, "../../../emoji.json"));
  writeFileSync(join(images, "photos", "broken.jpg"), "no image");
  for (const shard of [0, 1]) {
    const files = names
      .filter((_, index) => index % 2 === shard)
      .map((name, index) => ({ name: `${String(index).padStart(6, "0")}.png`, data: readFileSync(join(emoji, name)) }));
    writeFileSync(join(images, `shards-00${shard}.tar`), tarArchive(...files));
  }
  const count = 40;
  const header = Buffer.from([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28]);
  const pixels = Uint8Array.from({ length: count * 784 }, (_, i) => (i * 7 + ((i * i) % 251)) & 255);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  const labelHeader = Buffer.from([0, 0, 8, 1, 0, 0, 0, count]);
  for (const part of ["train", "t10k"]) {
    const file = (name: string) => join(images, "fashion", `${part}-${name}-ubyte.gz`);
    writeFileSync(file("images-idx3"), gzipSync(Buffer.concat([header, pixels])));
    writeFileSync(file("labels-idx1"), gzipSync(Buffer.concat([labelHeader, labels])));
  }
}

/** `mixedae` as a command on the path. */
function makeCommand(): void {
  mkdirSync(join(folder, "bin"));
  const script = [
    "#!/bin/sh",
    `if [ "$1" = pretrain ]; then set -- "$@" ${SMALLER}; fi`,
    `if [ "$1" = finetune ]; then set -- "$@" --set schedule.steps=2 --set schedule.batchSize=8 --threads 1; fi`,
    `if [ "$1 $2" = "segment train" ]; then set -- "$@" --set schedule.steps=2 --set schedule.batchSize=4 --threads 1 --set head.channels=8 --set head.auxiliaryChannels=4; fi`,
    `if [ "$1 $2" = "detect train" ]; then set -- "$@" --set schedule.steps=2 --set schedule.batchSize=2 --threads 1 --set head.channels=8 --set testing.proposals=20 --set testing.detections=4; fi`,
    `if [ "$1 $2" = "data compose" ]; then set -- "$@" --count 24 --test-count 8; fi`,
    `exec "${process.execPath}" "${join(repository, "dist/cli/main.js")}" "$@"`,
  ];
  writeFileSync(join(folder, "bin/mixedae"), `${script.join("\n")}\n`);
  chmodSync(join(folder, "bin/mixedae"), 0o755);
}
