// Studies as the dashboard shows them: packed ones, numbers equal to those of the report, and runs behind the dots.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Overview, StudyDetail } from "#src/dashboard/api.js";
import type { Dashboard } from "#src/dashboard/serve.js";
import { repository } from "../docs/pages.js";
import { temporaryFolder } from "../files/temporary-folder.js";
import { ask, askFor, serveFolders, writeRun } from "./shown-runs.js";

const place = temporaryFolder();
let dashboard: Dashboard;

beforeEach(async () => {
  mkdirSync(place("studies"));
  dashboard = await serveFolders([place("studies")]);
});
afterEach(() => dashboard.close());

const onlyStudy = async () => (await askFor<Overview>(dashboard, "/api/overview")).studies[0]!;

test("a packed study has the numbers of its report", async () => {
  cpSync(join(repository, "recipes/recognition"), place("studies/packed"), { recursive: true });
  const row = await onlyStudy();
  expect(row).toMatchObject({ title: "Recognition or shortcut", finished: 36, total: 36, problem: null });
  const { baseline, evaluations, pretrainings } = await askFor<StudyDetail>(dashboard, `/api/studies/${row.id}`);
  expect([baseline, pretrainings.length]).toEqual(["MAE", 9]);
  const report = readFileSync(place("studies/packed/report.md"), "utf8");
  for (const { variants, digits } of evaluations) {
    for (const { name, cells } of variants) {
      for (const { estimate, difference, dots } of cells) {
        expect(dots).toHaveLength(3);
        expect(report).toContain(`${estimate!.mean.toFixed(digits)} ± ${estimate!.deviation!.toFixed(digits)}`);
        if (name === baseline) expect(difference).toBeNull();
        else
          expect(report).toContain(
            `${Math.abs(difference!.mean).toFixed(digits)} ± ${difference!.margin!.toFixed(digits)}`,
          );
      }
    }
  }
});

test("a dot leads to its run, of a frozen encoder to its pre-training, of a shared one to the first seed's", async () => {
  const study = place("studies/small");
  mkdirSync(study);
  const recipe = {
    title: "A study",
    seeds: [0, 1],
    variants: [{ name: "MAE", pretrain: { source: "a", method: "mae" }, pretrainSeeds: 1 }],
    evaluations: [
      { name: "kNN", task: "knn", train: "a", test: "b" },
      { name: "Fine", task: "finetune", train: "a", test: "b" },
    ],
  };
  const jobs: string[] = [];
  const job = (folder: string, record: object, isRun: boolean) => {
    jobs.push(folder);
    if (isRun) writeRun(join(study, folder), { steps: 3 });
    else mkdirSync(join(study, folder), { recursive: true });
    const common = { key: folder, variant: "MAE", seconds: 1 };
    writeFileSync(join(study, folder, "job.json"), JSON.stringify({ ...common, ...record }));
  };
  job("pretrain/mae-0-abc", { kind: "pretrain", seed: 0, method: "mae", images: 48, multiplyAdds: 1 }, true);
  for (const seed of [0, 1]) {
    const common = { kind: "evaluate", seed, labelsFraction: 1, trainImages: 5, testImages: 5, score: 0.5 };
    job(`knn/mae-100pct-${seed}-abc`, { ...common, evaluation: "kNN", task: "knn" }, false);
    job(`fine/mae-100pct-${seed}-abc`, { ...common, evaluation: "Fine", task: "finetune" }, true);
  }
  jobs.push("knn/open-100pct-0-abc");
  writeFileSync(join(study, "study.json"), JSON.stringify({ recipe, jobs }));

  const row = await onlyStudy();
  expect(row).toMatchObject({ finished: 5, total: 6 });
  const { runs } = await askFor<Overview>(dashboard, "/api/overview");
  const names = new Map(runs.map(({ id, name }) => [id, name.split("/").slice(-2).join("/")]));
  const { evaluations } = await askFor<StudyDetail>(dashboard, `/api/studies/${row.id}`);
  const behind = evaluations.map(({ variants }) => variants[0]!.cells[0]!.dots.map(({ run }) => names.get(run!)));
  expect(behind).toEqual([
    ["pretrain/mae-0-abc", "pretrain/mae-0-abc"],
    ["fine/mae-100pct-0-abc", "fine/mae-100pct-1-abc"],
  ]);
});

test("a study that cannot be read says why, and the others are shown", async () => {
  for (const [name, text] of [
    ["a", "not JSON"],
    ["b", '{"recipe":{},"jobs":["../../etc/passwd"]}'],
  ] as const) {
    mkdirSync(place(`studies/${name}`));
    writeFileSync(place(`studies/${name}/study.json`), text);
  }
  cpSync(join(repository, "recipes/recognition"), place("studies/c"), { recursive: true });
  const { studies } = await askFor<Overview>(dashboard, "/api/overview");
  expect(studies.map(({ problem }) => problem)).toEqual([
    expect.stringContaining("is not valid JSON"),
    expect.stringContaining("holds no study"),
    null,
  ]);
  const { status, text } = await ask(dashboard, `/api/studies/${studies[0]!.id}`);
  expect([status, text]).toEqual([500, expect.stringContaining("is not valid JSON")]);
});
