// Symbolic links below the folders that are shown: none of them shows what lies elsewhere.
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Overview, RunDetail, StudyDetail } from "#src/dashboard/api.js";
import type { Dashboard } from "#src/dashboard/serve.js";
import { temporaryFolder } from "../files/temporary-folder.js";
import { ask, askFor, PNG, serveFolders, writeRun } from "./shown-runs.js";

const place = temporaryFolder();
let dashboard: Dashboard;

beforeEach(async () => {
  mkdirSync(place("shown"));
  mkdirSync(place("elsewhere"));
  writeFileSync(place("elsewhere/secret"), "secret");
  dashboard = await serveFolders([place("shown")]);
});
afterEach(() => dashboard.close());

const overview = () => askFor<Overview>(dashboard, "/api/overview");

test("a run that a link leads to is not found, and the page says so", async () => {
  writeRun(place("elsewhere/run"));
  symlinkSync(place("elsewhere/run"), place("shown/run"));
  const { runs, notes } = await overview();
  expect(runs).toEqual([]);
  expect(notes).toEqual(["1 symbolic link was not followed."]);
});

test("files of a run that lead elsewhere are as if they were not there", async () => {
  const run = writeRun(place("shown/run"), { end: "none", isLocked: true });
  const secret = place("elsewhere/secret.json");
  writeFileSync(secret, '{"step":1,"loss":42424242,"secret":7,"type":"warning","time":"","message":"secret"}\n');
  for (const name of ["metrics.jsonl", "events.jsonl", "lock", "pictures/step-00000050.png"]) {
    rmSync(`${run}/${name}`);
    symlinkSync(secret, `${run}/${name}`);
  }
  // Without one of its own files that is no link, a folder is no run.
  writeFileSync(`${run}/log.txt`, "");
  const [row] = (await overview()).runs;
  expect(row).toMatchObject({ step: 0, loss: null, state: "waiting" });
  for (const path of ["", "/metrics", "/metrics.csv", "/pictures/50"]) {
    expect((await ask(dashboard, `/api/runs/${row!.id}${path}`)).text).not.toMatch(/secret|42424242/);
  }
});

test("a configuration that leads elsewhere makes no run", async () => {
  const run = writeRun(place("shown/run"));
  renameSync(`${run}/config.json`, place("elsewhere/config.json"));
  symlinkSync(place("elsewhere/config.json"), `${run}/config.json`);
  expect((await overview()).runs).toEqual([]);
});

test("folders of pictures and checkpoints that lead elsewhere are empty", async () => {
  const run = writeRun(place("shown/run"));
  mkdirSync(place("elsewhere/pictures"));
  writeFileSync(place("elsewhere/pictures/step-00000001.png"), PNG);
  for (const name of ["pictures", "checkpoints"]) {
    rmSync(`${run}/${name}`, { recursive: true });
    symlinkSync(place("elsewhere/pictures"), `${run}/${name}`);
  }
  const [row] = (await overview()).runs;
  const { pictures, checkpoints } = await askFor<RunDetail>(dashboard, `/api/runs/${row!.id}`);
  expect([pictures, checkpoints]).toEqual([[], []]);
  expect((await ask(dashboard, `/api/runs/${row!.id}/pictures/1`)).status).toBe(404);
});

test("a link to another picture of the same run is followed", async () => {
  const run = writeRun(place("shown/run"));
  symlinkSync(`${run}/pictures/step-00000050.png`, `${run}/pictures/step-00000051.png`);
  const [row] = (await overview()).runs;
  const { status, body } = await ask(dashboard, `/api/runs/${row!.id}/pictures/51`);
  expect([status, body.equals(PNG)]).toEqual([200, true]);
});

test("a job of a study whose folder leads elsewhere is not read", async () => {
  mkdirSync(place("shown/study"));
  const recipe = {
    title: "A study",
    seeds: [0],
    variants: [{ name: "none", scratch: "nano" }],
    evaluations: [{ name: "kNN", task: "knn", train: "a", test: "b" }],
  };
  writeFileSync(place("shown/study/study.json"), JSON.stringify({ recipe, jobs: ["knn/none-100pct-0-abc"] }));
  mkdirSync(place("elsewhere/none-100pct-0-abc"));
  const common = {
    key: "abc",
    variant: "none",
    seed: 0,
    seconds: 1,
    evaluation: "kNN",
    task: "knn",
    labelsFraction: 1,
  };
  const record = { kind: "evaluate", ...common, trainImages: 1, testImages: 1, score: 0.42 };
  writeFileSync(place("elsewhere/none-100pct-0-abc/job.json"), JSON.stringify(record));
  symlinkSync(place("elsewhere"), place("shown/study/knn"));
  const [study] = (await overview()).studies;
  expect(study).toMatchObject({ title: "A study", finished: 0, total: 1, problem: null });
  expect((await askFor<StudyDetail>(dashboard, `/api/studies/${study!.id}`)).evaluations).toEqual([]);
});

test("a folder that was named may itself be a link", async () => {
  writeRun(place("elsewhere/run"));
  symlinkSync(place("elsewhere"), place("named"));
  const named = await serveFolders([place("named")]);
  expect((await askFor<Overview>(named, "/api/overview")).runs.map(({ name }) => name)).toEqual([place("named/run")]);
  await named.close();
});
