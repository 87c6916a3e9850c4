// One of several processes is killed at a random moment, again and again: the others end, and the run goes on exactly.
import { existsSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import { randomStream } from "#src/random/index.js";
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
import { type Launcher, launchers, launchProgram } from "./launchers.js";

const KILLS = Number(process.env.MIXEDAE_KILLS ?? 3);
const SEED = Number(process.env.MIXEDAE_KILLS_SEED ?? 0);
const PROCESSES = 3;
/** Starting takes about one and a half seconds, the run some more. */
const LONGEST_WAIT = 4000;

const at = sharedFolder();
const source = at("images");
const assignments = ["method=mixedae", "schedule.steps=600", "schedule.batchSize=12", "run.checkpointEvery=20"];

beforeAll(async () => {
  await writeImages(source);
  await pretrain(tinyConfig(source, ...assignments), at("whole"), recordOptions());
});

/** Kills one process of the run after a while; returns its number, or undefined where it had not begun or had ended. */
async function killOne(running: ReturnType<typeof launchProgram>, folder: string, rank: number, wait: number) {
  await setTimeout(wait);
  const id = running.ids(folder)[rank];
  if (id === undefined) return undefined;
  try {
    running.kill("SIGKILL", id);
    return id;
  } catch {
    return undefined;
  }
}

function commandFor(folder: string): string[] {
  const { metrics } = runPaths(folder);
  if (existsSync(metrics) && readFileSync(metrics, "utf8") !== "") return ["resume", folder];
  const settings = [...tinyAssignments, ...assignments].flatMap((one) => ["--set", one]);
  return ["pretrain", source, "--out", folder, ...settings];
}

/** A whole run, killed up to so many times; returns how often it was. */
async function killedRun(launcher: Launcher, folder: string, kills: number): Promise<number> {
  const stream = randomStream(SEED, folder.slice(-3), 0, 0);
  for (let killed = 0; ; ) {
    const running = launchProgram(launcher, PROCESSES, commandFor(folder));
    const [rank, wait] = [stream.integer(PROCESSES), stream.uniform() * LONGEST_WAIT];
    const victim = killed < kills ? await killOne(running, folder, rank, wait) : undefined;
    if (victim !== undefined) killed++;
    const { code, seconds, stdout, stderr } = await running.ended;
    expect(running.ids(folder)).toEqual([]);
    if (code === 0) {
      expect(stdout).toContain("Finished 600 steps");
      return killed;
    }
    expect(victim, stderr).toBeDefined();
    expect(seconds, `after process ${rank} was killed\n${stderr}`).toBeLessThan(10);
    expect(stderr).not.toMatch(/already holds a run|damaged|being written/);
  }
}

test.each(launchers.filter(({ isThere }) => isThere))(
  `$name: ${KILLS} kills`,
  async (launcher) => {
    let left = KILLS;
    for (let run = 0; left > 0; run++) {
      const folder = at(`${launcher.command}-${String(run).padStart(3, "0")}`);
      left -= await killedRun(launcher, folder, left);
      expectSameMetrics(readMetrics(folder), readMetrics(at("whole")), 1e-4);
    }
  },
  60_000 + 20_000 * KILLS,
);
