// The program as several processes: one result, one end, whatever happens to one of them.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { pretrain } from "#src/training/index.js";
import { runPaths } from "#src/training/run-folder.js";
import {
  expectSameMetrics,
  readMetrics,
  recordOptions,
  sharedFolder,
  tinyAssignments,
  tinyConfig,
  writeImages,
} from "../training/tiny-run.js";
import { launchers, launchProgram } from "./launchers.js";

const at = sharedFolder();
const source = at("images");
const steps = 400;
const assignments = ["method=mae", `schedule.steps=${steps}`, "schedule.batchSize=10", "run.checkpointEvery=20"];

beforeAll(async () => {
  await writeImages(source);
  await pretrain(tinyConfig(source, ...assignments), at("whole"), recordOptions());
});

function pretrainArguments(folder: string): string[] {
  return [
    "pretrain",
    source,
    "--out",
    folder,
    ...[...tinyAssignments, ...assignments].flatMap((one) => ["--set", one]),
  ];
}

function stepsIn(folder: string): number {
  const { metrics } = runPaths(folder);
  return existsSync(metrics) ? readFileSync(metrics, "utf8").split("\n").length - 1 : 0;
}

async function untilStep(folder: string, step: number): Promise<void> {
  while (stepsIn(folder) < step) await new Promise((done) => setTimeout(done, 10));
}

describe.each(launchers)("$name", (launcher) => {
  test.skipIf(!launcher.isThere)(
    "stopped, killed and resumed with other numbers of processes, it ends with the metrics of one",
    async () => {
      const folder = at(launcher.command);
      const stopped = launchProgram(launcher, 2, pretrainArguments(folder));
      await untilStep(folder, 30);
      // Whichever process is asked, all stop after the same step, and the first one says so.
      stopped.kill("SIGTERM", stopped.ids(folder)[1]);
      const first = await stopped.ended;
      expect(first.stdout).toContain("processes      2, on this machine");
      expect(first.stdout).toMatch(/Stopped after step \d+ of 400, loss/);
      expect(first.stdout.match(/Stopped after/g)).toHaveLength(1);
      const done = stepsIn(folder);
      expect(readdirSync(runPaths(folder).checkpoints)).toContain(`step-${String(done).padStart(8, "0")}.safetensors`);
      expect(existsSync(runPaths(folder).lock)).toBe(false);

      const killed = launchProgram(launcher, 3, ["resume", folder]);
      await untilStep(folder, done + 50);
      killed.kill("SIGKILL", killed.ids(folder)[1]);
      const { code, seconds } = await killed.ended;
      expect(code).not.toBe(0);
      expect(seconds).toBeLessThan(10);
      expect(killed.ids(folder)).toEqual([]);

      const last = await launchProgram(launcher, 2, ["resume", folder]).ended;
      expect(last.code).toBe(0);
      expect(last.stderr).toBe("");
      expect(last.stdout).toContain("Finished 400 steps");
      expectSameMetrics(readMetrics(folder), readMetrics(at("whole")), 1e-4);
    },
    120_000,
  );

  test.skipIf(!launcher.isThere)("an error is said once, and ends all", async () => {
    const again = await launchProgram(launcher, 3, pretrainArguments(at("whole"))).ended;
    expect(again.code).toBe(2);
    expect(again.stderr.match(/error: .* already holds a run/g)).toHaveLength(1);
    expect(again.stdout).not.toContain("already holds");
  });

  test.skipIf(!launcher.isThere)("what processes do not divide, the first one does", async () => {
    const version = await launchProgram(launcher, 2, ["--version"]).ended;
    expect([version.code, version.stdout.trim().split("\n").length]).toEqual([0, 1]);
    const { code, stdout } = await launchProgram(launcher, 2, ["data", "stats", source]).ended;
    const [line = ""] = stdout.split("\n");
    expect(code).toBe(0);
    expect(stdout.split(line)).toHaveLength(2);
    writeFileSync(at("truth.json"), '{"images": [], "categories": [], "annotations": []}');
    writeFileSync(at("results.json"), "[]");
    const files = ["--annotations", at("truth.json"), "--results", at("results.json"), "--json"];
    const scores = await launchProgram(launcher, 2, ["detect", "evaluate", ...files]).ended;
    expect([scores.code, scores.stderr]).toEqual([0, ""]);
    expect(scores.stdout.trim().split("\n")).toHaveLength(1);
  });
});
