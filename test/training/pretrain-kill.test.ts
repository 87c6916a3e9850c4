// The program killed and stopped at any moment: what it had saved is enough to end with the same metrics.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { pretrain } from "#src/training/index.js";
import { runPaths } from "#src/training/run-folder.js";
import { startProgram } from "./command-line.js";
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
/** Many checkpoints, so that many kills fall into the writing of one. */
const many = ["schedule.steps=200", "run.checkpointEvery=2", "run.picturesEvery=50"];

beforeAll(async () => {
  await writeImages(source);
});

function pretrainArguments(folder: string, assignments: readonly string[]): string[] {
  const sets = [...tinyAssignments, ...assignments].filter((one) => !one.startsWith("schedule.steps"));
  const steps = assignments.find((one) => one.startsWith("schedule.steps"))!.split("=")[1]!;
  return ["pretrain", source, "--out", folder, "--steps", steps, ...sets.flatMap((one) => ["--set", one])];
}

const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

/** Steps in the metrics file of a run that may be written at the moment. */
function stepsIn(folder: string): number {
  const { metrics } = runPaths(folder);
  return existsSync(metrics) ? readFileSync(metrics, "utf8").split("\n").length - 1 : 0;
}

test("killed at random moments again and again, it ends with the metrics of a run that was not", async () => {
  await pretrain(tinyConfig(source, ...many), at("whole"), recordOptions());
  const folder = at("killed");
  const startOrGoOn = () =>
    startProgram(existsSync(runPaths(folder).config) ? ["resume", folder] : pretrainArguments(folder, many));
  let kills = 0;
  // The first kills come while it starts, the others after some steps more and a little.
  for (const moment of ["start", "start", "steps", "steps", "steps"]) {
    const program = startOrGoOn();
    let hasEnded = false;
    void program.ended.then(() => {
      hasEnded = true;
    });
    if (moment === "start") await pause(100 + 400 * Math.random());
    else {
      const known = stepsIn(folder);
      // It cuts the metrics back to its checkpoint first, so that the file may be shorter for a while.
      const wanted = Math.min(known + 5 + Math.floor(25 * Math.random()), 190);
      while (stepsIn(folder) < wanted && !hasEnded) await pause(3);
      await pause(8 * Math.random());
    }
    program.kill("SIGKILL");
    const { signal, stderr } = await program.ended;
    expect(stderr).toBe("");
    if (signal === "SIGKILL") kills += 1;
  }
  expect(kills).toBeGreaterThanOrEqual(3);

  const { code, stdout, stderr } = await startOrGoOn().ended;
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("Finished 200 steps");
  expect(stdout).not.toContain("is not used");
  expectSameMetrics(readMetrics(folder), readMetrics(at("whole")));
  const events = readFileSync(runPaths(folder).events, "utf8").trimEnd().split("\n");
  const types = events.map((line) => JSON.parse(line).type as string);
  expect(types.filter((type) => type === "announced").length).toBeGreaterThan(1);
  expect(types.at(-1)).toBe("finished");
  expect(readdirSync(folder).sort()).toEqual(readdirSync(at("whole")).sort());
  const paths = [runPaths(folder), runPaths(at("whole"))] as const;
  for (const part of ["checkpoints", "pictures"] as const) {
    const [names, wanted] = paths.map((path) => readdirSync(path[part]).sort());
    expect(names).toEqual(wanted);
    for (const name of part === "pictures" ? wanted! : []) {
      expect(readFileSync(`${paths[0][part]}/${name}`)).toEqual(readFileSync(`${paths[1][part]}/${name}`));
    }
  }
}, 60_000);

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)("%s ends the run after the step, with a checkpoint, and says how to go on", async (signal, exitCode) => {
  const folder = at(`run ${signal}`);
  const program = startProgram(pretrainArguments(folder, ["schedule.steps=1000000", "run.checkpointEvery=0"]));
  await program.printed("step         1/");
  program.kill(signal);
  const { code, stdout, stderr } = await program.ended;
  expect([code, stderr]).toEqual([exitCode, ""]);
  expect(stdout).toContain("Stopping after this step, then saving.");
  expect(stdout).toMatch(/Stopped after step [\d,]+ of 1,000,000, loss/);
  expect(stdout).toContain(`To continue: mixedae resume '${folder}'\n`);
  const done = readMetrics(folder).length;
  const name = `step-${String(done).padStart(8, "0")}`;
  expect(readdirSync(runPaths(folder).checkpoints)).toEqual([`${name}.safetensors`]);
  expect(readdirSync(runPaths(folder).pictures)).toEqual([`${name}.png`]);
  expect(existsSync(runPaths(folder).lock)).toBe(false);
});
