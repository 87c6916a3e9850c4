// Stopped at moments when no step is under way: at once, with every step that was taken, and without a lock.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { openEngine } from "#src/engine/index.js";
import { createKnnEvaluator } from "#src/evaluations/index.js";
import { StoppedError } from "#src/training/errors.js";
import type { RunEvent } from "#src/training/events.js";
import { pretrain, resume } from "#src/training/index.js";
import { runPaths } from "#src/training/run-folder.js";
import { writeColours } from "../evaluations/tiny-sets.js";
import { programPath, type RunningProgram, startProgram } from "./command-line.js";
import {
  expectSameMetrics,
  readMetrics,
  recordOptions,
  sharedFolder,
  tinyAssignments,
  tinyConfig,
  writeImages,
} from "./tiny-run.js";

const at = sharedFolder();
const source = at("images");
const colours = at("colours");
/** Large images take long to read. */
const large = at("large");

beforeAll(async () => {
  await writeImages(source);
  await writeColours(colours, 4);
  const image = sharp({ create: { width: 4000, height: 4000, channels: 3, background: "teal" } });
  await writeImages(large, 1);
  await image.png().toFile(at("large.png"));
  for (let index = 1; index < 400; index++) symlinkSync(at("large.png"), at("large", `${index}.png`));
});

/** Options whose signal is aborted after a step of this process; 0 before the first. */
function stoppedAfter(steps: number) {
  const controller = new AbortController();
  let taken = 0;
  const stop = () => {
    if (taken++ === steps) controller.abort(new StoppedError());
  };
  stop();
  const onEvent = ({ type }: RunEvent) => {
    // While the next batch is waited for, not before the request is asked for.
    if (type === "step") setImmediate(stop);
  };
  return { onEvent, signal: controller.signal };
}

test("while it waits for images, it keeps the steps that were taken and takes no other", async () => {
  await pretrain(tinyConfig(source), at("whole"), recordOptions());
  const folder = at("stopped");
  const { outcome, step } = await pretrain(tinyConfig(source), folder, stoppedAfter(3));
  expect(outcome).toBe("stopped");
  expect(readMetrics(folder)).toHaveLength(step);
  expect(readdirSync(runPaths(folder).checkpoints)).toEqual([`step-${String(step).padStart(8, "0")}.safetensors`]);
  expect(existsSync(runPaths(folder).lock)).toBe(false);
  await resume(folder, recordOptions());
  expectSameMetrics(readMetrics(folder), readMetrics(at("whole")));
});

test("before the first step there is nothing to save, and the same call starts again", async () => {
  const folder = at("begun");
  // While the images are listed, nothing is there yet.
  await expect(pretrain(tinyConfig(source), folder, stoppedAfter(0))).rejects.toBeInstanceOf(StoppedError);
  expect(existsSync(folder)).toBe(false);
  // The first note says what was found.
  const controller = new AbortController();
  const onEvent = ({ type }: RunEvent) => {
    if (type === "note") controller.abort();
  };
  const refused = pretrain(tinyConfig(source), folder, { onEvent, signal: controller.signal });
  await expect(refused).rejects.toHaveProperty("name", "AbortError");
  expect(existsSync(runPaths(folder).lock)).toBe(false);
  expect(readFileSync(runPaths(folder).log, "utf8")).toMatch(/info stopped before anything had to be saved\n$/);
  await pretrain(tinyConfig(source), folder, recordOptions());
  expect(readMetrics(folder)).toHaveLength(10);
});

test("the evaluation of a first step, and the opening of what evaluates, are given up", async () => {
  const config = tinyConfig(source, `evaluation.source=${colours}`, "evaluation.images=6", "evaluation.queries=6");
  const stopped = AbortSignal.abort(new StoppedError());
  const untrained = { engine: openEngine({ threads: 1 }), weights: {} };
  await expect(createKnnEvaluator(config, untrained, { signal: stopped })).rejects.toBeInstanceOf(StoppedError);
  const { evaluate } = await createKnnEvaluator(config, untrained);
  await expect(evaluate(stopped)).rejects.toBeInstanceOf(StoppedError);
  expect(await evaluate()).toHaveProperty("knnTop1");
});

describe("a signal while images are read into memory", () => {
  const assignments = [...tinyAssignments, "data.memoryBudgetMiB=1000000"].flatMap((one) => ["--set", one]);

  async function stopped(program: RunningProgram, signal: NodeJS.Signals) {
    await program.printed("Reading images into memory");
    const began = performance.now();
    program.kill(signal);
    const ended = await program.ended;
    return { ...ended, seconds: (performance.now() - began) / 1000 };
  }

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("%s ends the run within moments", async (signal, exitCode) => {
    const folder = at(`early ${signal}`);
    const program = startProgram(["pretrain", large, "--out", folder, ...assignments]);
    const { code, stdout, stderr, seconds } = await stopped(program, signal);
    expect([code, stderr]).toEqual([exitCode, ""]);
    expect(stdout).toContain("Stopping. Ctrl-C again stops at once.\n");
    expect(stdout).toMatch(/Stopped before the first step: there was nothing to save\. To start, run the same command/);
    // The machine may be busy with other tests; all of the images would take minutes.
    expect(seconds).toBeLessThan(5);
    expect(existsSync(runPaths(folder).lock)).toBe(false);
  });
});

describe.skipIf(spawnSync("script", ["--version"]).status !== 0)(
  "a terminal that is gone (script of util-linux)",
  () => {
    test("the run saves what it has, though it can write no word about it", async () => {
      const folder = at("hung up");
      const sets = [...tinyAssignments, "run.checkpointEvery=0"].filter((one) => !one.startsWith("schedule.steps"));
      const words = [
        "pretrain",
        source,
        "--out",
        folder,
        "--steps",
        "1000000",
        ...sets.flatMap((one) => ["--set", one]),
      ];
      // The shell gives its process to the program, whose number the test then knows.
      const command = `echo $$ > '${at("pid")}'; exec ${[process.execPath, programPath, ...words].map((word) => `'${word}'`).join(" ")}`;
      const terminal = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["ignore", "pipe", "ignore"] });
      let shown = "";
      terminal.stdout.on("data", (part) => {
        shown += String(part);
      });
      while (!/step +\d/.test(shown)) await once(terminal.stdout, "data");
      const pid = Number(readFileSync(at("pid"), "utf8"));
      terminal.kill("SIGKILL");
      while (isAlive(pid)) await new Promise((done) => setTimeout(done, 20));
      const done = readMetrics(folder).length;
      expect(done).toBeGreaterThan(0);
      const name = `step-${String(done).padStart(8, "0")}`;
      expect(readdirSync(runPaths(folder).checkpoints)).toEqual([`${name}.safetensors`]);
      expect(readdirSync(runPaths(folder).pictures)).toEqual([`${name}.png`]);
      expect(existsSync(runPaths(folder).lock)).toBe(false);
      expect(readFileSync(runPaths(folder).log, "utf8")).toMatch(/info stopped after step \d+\n$/);
    });
  },
);

/** A process that has ended may stay as a zombie where nothing waits for it. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.startsWith("Z");
}
