// No telemetry: nothing but our own files is written, no socket is opened, and the engine is loaded in one place alone.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { programPath } from "../training/command-line.js";
import { sharedFolder, tinyAssignments, writeImages } from "../training/tiny-run.js";

const inFolder = sharedFolder();
const root = resolve(import.meta.dirname, "../..");
const library = pathToFileURL(join(root, "dist/index.js")).href;

/** A home and a folder for temporary files, both empty. */
function emptyPlaces(name: string): { home: string; temporary: string; environment: NodeJS.ProcessEnv } {
  const [home, temporary] = [inFolder(name, "home"), inFolder(name, "tmp")];
  for (const folder of [home, temporary]) mkdirSync(folder, { recursive: true });
  const { ORT_DISABLE_TELEMETRY: _, XDG_CACHE_HOME: __, ...inherited } = process.env;
  return { home, temporary, environment: { ...inherited, HOME: home, TMPDIR: temporary } };
}

function filesIn(...folders: readonly string[]): string[] {
  return folders.flatMap((folder) => readdirSync(folder, { recursive: true, encoding: "utf8" }));
}

test("the engine's library is imported by one file alone", () => {
  const importing = ["src", "test", "bench", "examples"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
      .filter((name) => /\.[cm]?[jt]s$/.test(name))
      .filter((name) =>
        /(?:from|import|require)\s*\(?\s*["']onnxruntime-/.test(readFileSync(join(root, name), "utf8")),
      ),
  );
  expect(importing).toEqual(["src/engine/onnxruntime/node.ts"]);
});

test("the library leaves nothing in the home and temporary folders, whatever the environment says", () => {
  const { home, temporary, environment } = emptyPlaces("library");
  const script = `
    const { compile, defineProgram, input } = await import(${JSON.stringify(library)});
    const x = input("x", [2]);
    const program = await compile(defineProgram("negate", { y: x.neg() }), { threads: 1 });
    console.log([...(await program.run({ x: Float32Array.of(1, -2) })).y].join());`;
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
    encoding: "utf8",
    env: { ...environment, ORT_DISABLE_TELEMETRY: "0" },
  });
  expect(output).toBe("-1,2\n");
  expect(filesIn(home, temporary)).toEqual([]);
});

describe("in a worker thread", () => {
  function importInWorker(name: string, before: string, workerOptions: string): { output: string; left: string[] } {
    const { home, temporary, environment } = emptyPlaces(name);
    const script = inFolder(name, "start.mjs");
    writeFileSync(
      script,
      `import { isMainThread, Worker } from "node:worker_threads";
       if (isMainThread) {
         ${before}
         new Worker(new URL(import.meta.url), ${workerOptions});
       } else {
         await import(${JSON.stringify(library)}).then(() => console.log("loaded"), (error) => console.log(error.message));
       }`,
    );
    const output = execFileSync(process.execPath, [script], { encoding: "utf8", env: environment });
    return { output, left: filesIn(home, temporary) };
  }

  test("it is refused where the main thread has not switched telemetry off", () => {
    const { output, left } = importInWorker("alone", "", "{}");
    expect(output).toMatch(/telemetry.*Import "mixedae" on the main thread first/);
    expect(left).toEqual([]);
  });

  test("it is refused where only the worker's own copy of the environment says so", () => {
    const { output, left } = importInWorker("copy", "", '{ env: { ORT_DISABLE_TELEMETRY: "1" } }');
    expect(output).toMatch(/Import "mixedae" on the main thread first/);
    expect(left).toEqual([]);
  });

  test("it is loaded once the main thread has imported the library, whatever the worker's environment", () => {
    const { output, left } = importInWorker("after", `await import(${JSON.stringify(library)});`, "{ env: {} }");
    expect(output).toBe("loaded\n");
    expect(left).toEqual([]);
  });
});

const canTrace = spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0;

describe.skipIf(!canTrace)("traced for more than a minute (needs strace, and the right to trace)", () => {
  const SECONDS = 65;

  test("a training opens no socket and writes nothing outside its folder", { timeout: 4 * 60_000 }, async () => {
    const source = await writeImages(inFolder("traced", "images"));
    const { home, temporary, environment } = emptyPlaces("traced");
    const [out, trace] = [inFolder("traced", "run"), inFolder("traced", "trace.txt")];
    const keys = [...tinyAssignments, "schedule.steps=100000000", "run.checkpointEvery=5s"];
    const calls =
      "network,openat,open,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,link,symlink,execve";
    const { status, stdout } = spawnSync(
      "strace",
      [
        ...["-f", "--seccomp-bpf", "-e", `trace=${calls}`, "-o", trace],
        ...[
          "timeout",
          "--signal=TERM",
          String(SECONDS),
          process.execPath,
          programPath,
          "pretrain",
          source,
          "--out",
          out,
        ],
        ...keys.flatMap((key) => ["--set", key]),
      ],
      { encoding: "utf8", env: environment },
    );
    expect(stdout).toContain("Stopped after step");
    expect(status).toBe(124);

    const lines = readFileSync(trace, "utf8").split("\n");
    expect(lines.length).toBeGreaterThan(100);
    expect(lines.filter((line) => /\b(?:socket|connect|sendto|sendmsg|sendmmsg|bind|listen)\(/.test(line))).toEqual([]);
    const written = lines
      .filter((line) =>
        /O_WRONLY|O_RDWR|O_CREAT|\b(?:creat|mkdir|mkdirat|rename\w*|unlink\w*|link|symlink)\(/.test(line),
      )
      .map((line) => /"([^"]*)"/.exec(line)?.[1] ?? line);
    expect(written.some((path) => path.startsWith(out))).toBe(true);
    const allowed = (path: string) => path.startsWith(out) || /^\/dev\/(?:null|tty|shm)\b/.test(path);
    expect(written.filter((path) => !allowed(path))).toEqual([]);
    expect(filesIn(home, temporary)).toEqual([]);
    expect(existsSync(join(realpathSync(out), "config.json"))).toBe(true);
  });
});
