// A whole study, tiny: carried out in parts, resumed, changed, reported, packed, and reported again.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { layerFromAssignments } from "#src/config/config.js";
import { jobsOf, packStudy, readStudy, runStudy, type StudyOptions, writeStudyReport } from "#src/study/index.js";
import { readPackedResults } from "#src/study/packed-results.js";
import { pretrainCost } from "#src/study/pretrain-cost.js";
import { OutputError, StoppedError } from "#src/training/errors.js";
import type { RunEvent } from "#src/training/events.js";
import { sharedFolder, writeColours, writeMaskedSet } from "../evaluations/tiny-sets.js";
import { type RecordedOptions, recordOptions, tinyAssignments, writeImages } from "../training/tiny-run.js";

const at = sharedFolder();
let recipe = "";

const hooks = (stopAfter?: number): StudyOptions & RecordedOptions => ({ ...recordOptions(stopAfter), threads: 1 });

/** Recipes are YAML, of which JSON is a part. */
function writeRecipe(name: string, change: object = {}): string {
  const { values } = layerFromAssignments(tinyAssignments);
  const sets = { train: "train", test: "test" };
  const finetune = { schedule: { steps: 3, batchSize: 6 }, run: { threads: 1 }, data: { workers: 1 } };
  const content = {
    title: "Colours",
    seeds: [0, 1],
    baseline: "scratch",
    variants: [
      { name: "Mixed AE", pretrain: { source: "images", ...(values as object) }, pretrainSeeds: 1 },
      { name: "scratch", scratch: "micro" },
    ],
    evaluations: [
      { name: "kNN", task: "knn", ...sets, labelFractions: [0.5, 1] },
      { name: "Probe", task: "probe", ...sets },
      { name: "Tuned", task: "finetune", ...sets, labelFractions: [0.5], options: finetune },
      { name: "Patches", task: "segmentation", scenes: "masked", images: 4, queries: 2 },
      { name: "Held out", task: "reconstruction", test: "images", images: 8 },
      { name: "Recognised", task: "recognition", test: "images", images: 8 },
    ],
    ...change,
  };
  writeFileSync(at(name), JSON.stringify(content));
  return at(name);
}

function writePlan(folder: string, jobs: readonly string[]): void {
  writeFileSync(join(folder, "study.json"), JSON.stringify({ recipe: JSON.parse(readFileSync(recipe, "utf8")), jobs }));
}

beforeAll(async () => {
  await writeImages(at("images"));
  await writeColours(at("train"), 8);
  await writeColours(at("test"), 4, 1);
  await writeMaskedSet(at("masked"));
  recipe = writeRecipe("study.yaml", { claims: [{ better: "Mixed AE", than: "scratch" }] });
});

const jobFolders = (folder: string) =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => readdirSync(join(folder, name)).map((job) => `${name}/${job}`));

const pretraining = (folder: string) => jobFolders(folder).find((name) => name.startsWith("pretrain/"))!;

describe("a study", () => {
  test("begins with the first seed of everything, and pre-trains as many encoders as it should", () => {
    const jobs = jobsOf(readStudy(recipe));
    expect(jobs.map(({ kind }) => kind).filter((kind) => kind === "pretrain")).toHaveLength(1);
    // What reconstructs is evaluated once more.
    expect(jobs).toHaveLength(1 + 2 * 2 * 6 + 2);
    const seeds = jobs.map(({ seed }) => seed);
    expect(seeds).toEqual([...seeds].sort());
    expect(jobs[0]!.folder).toMatch(/^pretrain\/mixed-ae-0-[0-9a-f]{10}$/);
    expect(new Set(jobs.map(({ folder }) => folder)).size).toBe(jobs.length);
  });

  test("takes what all pre-trainings share, variants from another file, and overrides", () => {
    writeFileSync(at("both.yaml"), "- { name: MAE, pretrain: { method: mae } }\n- { name: nano, scratch: nano }\n");
    writeFileSync(at("order.yaml"), "- { better: MAE, than: nano }\n");
    const shared = writeRecipe("shared.yaml", {
      ...{ variants: "both.yaml", claims: "order.yaml", baseline: "MAE" },
      pretrain: { source: "images", method: "mixing", model: { preset: "nano" }, schedule: { steps: 3, batchSize: 8 } },
    });
    const configs = (...set: string[]) =>
      jobsOf(readStudy(shared, [layerFromAssignments(set)])).flatMap((job) =>
        job.kind === "pretrain" ? job.config : [],
      );
    expect(configs()).toHaveLength(2);
    expect(configs()[0]).toMatchObject({
      method: "mae",
      source: at("images"),
      model: { width: 96 },
      schedule: { steps: 3 },
    });
    expect(configs("model.preset=tiny", "schedule.steps=9")[1]).toMatchObject({
      seed: 1,
      model: { preset: "tiny", width: 192 },
      schedule: { steps: 9, batchSize: 8 },
    });
    expect(readStudy(shared).recipe.variants.map(({ name }) => name)).toEqual(["MAE", "nano"]);
    expect(readStudy(shared).recipe.claims).toEqual([{ better: "MAE", than: "nano" }]);
  });

  test("gives a variant the compute of another, whatever the size", () => {
    const path = writeRecipe("equal.yaml", {
      ...{ baseline: "MAE", seeds: [0, 1] },
      pretrain: { source: "images", model: { preset: "nano" }, schedule: { steps: 90, batchSize: 8 } },
      variants: [
        { name: "iBOT", pretrain: { method: "ibot", schedule: { batchSize: 4 } }, equalCompute: "MAE" },
        { name: "MAE", pretrain: { method: "mae" } },
      ],
    });
    for (const set of [[], ["model.preset=micro"], ["schedule.steps=30"]]) {
      const configs = jobsOf(readStudy(path, [layerFromAssignments(set)])).flatMap((job) =>
        job.kind === "pretrain" ? job.config : [],
      );
      const [ibot, mae] = [configs[0]!, configs[1]!];
      expect([ibot.method, mae.method]).toEqual(["ibot", "mae"]);
      const computeOf = (config: typeof ibot, steps: number) =>
        steps * config.schedule.batchSize * pretrainCost(config).multiplyAdds;
      const { steps } = ibot.schedule;
      const allowed = computeOf(mae, set[0] === "schedule.steps=30" ? 30 : 90);
      expect(Math.abs(computeOf(ibot, steps!) - allowed)).toBeLessThanOrEqual(computeOf(ibot, 1) / 2);
      // Every seed alike.
      expect(configs[2]!.schedule.steps).toBe(steps);
    }
  });

  test("stopped in an evaluation of a frozen encoder, gives that up and does it anew", {
    timeout: 120_000,
  }, async () => {
    const folder = at("given up");
    const study = readStudy(
      writeRecipe("frozen.yaml", {
        seeds: [0],
        variants: [{ name: "scratch", scratch: "micro" }],
        evaluations: [{ name: "kNN", task: "knn", train: "train", test: "test" }],
      }),
    );
    const controller = new AbortController();
    const { signal } = controller;
    const onEvent = ({ type }: RunEvent) => {
      if (type === "images") controller.abort(new StoppedError());
    };
    const stopping = { threads: 1, signal, onEvent };
    expect(await runStudy(study, folder, stopping)).toMatchObject({ outcome: "stopped", done: 0, failures: [] });
    expect(
      readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /lock$|json$/.test(name)),
    ).toEqual(["study.json"]);
    expect(await runStudy(study, folder, hooks())).toMatchObject({ outcome: "finished", done: 1 });
  });

  test("stopped wherever it is, goes on, does nothing twice, and reports", { timeout: 120_000 }, async () => {
    const folder = at("parts");
    // Stopped in the middle of the pre-training, then in the middle of a fine-tuning.
    expect(await runStudy(readStudy(recipe), folder, hooks(4))).toMatchObject({
      outcome: "stopped",
      done: 0,
      report: null,
    });
    expect(await runStudy(readStudy(recipe), folder, hooks(8))).toMatchObject({ outcome: "stopped", done: 4 });
    const last = hooks();
    expect(await runStudy(readStudy(recipe), folder, last)).toEqual({
      ...{ outcome: "finished", done: 27, total: 27 },
      ...{ failures: [], report: join(folder, "report.md") },
    });
    const jobs = last.events.filter(({ type }) => type === "job");
    expect(jobs[0]).toMatchObject({ state: "began", place: 5, total: 27, secondsLeft: null });
    expect(jobs.at(-1)).toMatchObject({ state: "finished", place: 27, secondsLeft: expect.any(Number) });
    expect(last.lines.findLast((line) => line.startsWith("["))).toMatch(/^\[27 of 27, [\d.]+ (m?s|min).* left\]/);
    const metrics = join(folder, pretraining(folder), "metrics.jsonl");
    expect(readFileSync(metrics, "utf8").trim().split("\n")).toHaveLength(10);

    const before = jobFolders(folder).map((name) => statSync(join(folder, name, "job.json")).mtimeMs);
    const again = hooks();
    expect((await runStudy(readStudy(recipe), folder, again)).outcome).toBe("finished");
    expect(again.lines).toEqual([]);
    expect(jobFolders(folder).map((name) => statSync(join(folder, name, "job.json")).mtimeMs)).toEqual(before);

    const { page, pictures } = await writeStudyReport(folder);
    const text = readFileSync(page, "utf8");
    expect(text).toContain("# Colours");
    expect(text).toMatch(/\| Mixed AE \| mixedae \| 1 \| 80 \|/);
    expect(text).toMatch(
      /## Summary\n\n\| encoder \| kNN, 50% \| kNN, 100% \| Probe \| Tuned \| Patches \| Held out \| Recognised \|/,
    );
    expect(text).toMatch(/\| claim \| kNN, 50% \| kNN, 100% \| Probe \| Tuned \| Patches \|\n/);
    expect(text).toMatch(
      /\*Mixed AE\* above \*scratch\*( \| [+−]\d+\.\d ± \d+\.\d, open \(two seeds: no claim\)){5} \|/,
    );
    expect(text).toMatch(/\| encoder \| reconstruction loss \|\n.*\n\| Mixed AE \| \d\.\d{4} ± 0\.\d{4} \|/);
    expect(text).toMatch(/\| Mixed AE \| 0 \| (\d+, )*\d+ \| \d\.\d{3} \|/);
    expect(text).toMatch(/\| encoder \| 50% \(12\) labels \| 100% \(24\) labels \|/);
    expect(text).not.toContain("Not finished");
    expect(text).toMatch(/## Patches\n\nMean IoU on 2 test images/);
    expect(text).toMatch(
      /## Recognised\n\nNearest patches of the same image on 8 test images.*\. Guessing gives (20\.0|23\.8)\./,
    );
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
    expect(pictures.map((path) => path.slice(folder.length + 1)).sort()).toEqual([
      "contrastive.svg",
      "finetune-tuned.svg",
      "knn-knn.svg",
      "precision-mixed-ae.svg",
      "probe-probe.svg",
      "recognition-recognised.svg",
      "reconstruction-held-out.svg",
      "segmentation-patches.svg",
    ]);
    for (const path of [...text.matchAll(/\]\(([^)]+\.svg)\)/g)]) expect(existsSync(join(folder, path[1]!))).toBe(true);
    // Charts of dots are as wide as their longest name needs.
    for (const path of pictures) expect((await sharp(path).metadata()).width, path).toBeGreaterThan(500);
  });

  test("does what does not need a job that failed, says what did, and uses the threads that it may", {
    timeout: 120_000,
  }, async () => {
    const { values } = layerFromAssignments(tinyAssignments);
    const source = { source: "images", ...(values as object) };
    const schedule = { steps: 10, batchSize: 8, learningRate: 1000, warmupShare: 0 };
    const optimizer = { weightDecay: 100 };
    const path = writeRecipe("failing.yaml", {
      variants: [
        { name: "too fast", pretrain: { ...source, schedule, optimizer } },
        { name: "good", pretrain: source },
      ],
      ...{ baseline: "good", seeds: [0] },
      evaluations: [{ name: "kNN", task: "knn", train: "train", test: "test" }],
    });
    const tried = { ...hooks(), threads: 2 };
    const { failures, ...summary } = await runStudy(readStudy(path), at("failing"), tried);
    expect(summary).toEqual({ outcome: "failed", done: 2, total: 4, report: at("failing", "report.md") });
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatch(/^pre-training: too fast, seed 0: Step \d+: expected a finite loss/);
    const good = jobFolders(at("failing")).find((name) => name.startsWith("pretrain/good"))!;
    expect(JSON.parse(readFileSync(at("failing", good, "config.json"), "utf8")).run.threads).toBe(2);
    expect(readFileSync(at("failing", "report.md"), "utf8")).toContain("**Not finished: 2 of 4 jobs.**");
  });

  test("shared by two processes, is done once", { timeout: 120_000 }, async () => {
    const { values } = layerFromAssignments(tinyAssignments);
    const knn = { name: "kNN", task: "knn", train: "train", test: "test" };
    const shared = writeRecipe("shared-by-two.yaml", {
      variants: ["A", "B"].map((name) => ({ name, pretrain: { source: "images", ...(values as object) } })),
      ...{ baseline: "A", seeds: [0, 1], evaluations: [knn] },
    });
    const [first, second] = [hooks(), hooks()];
    const begin = (each: StudyOptions) => runStudy(readStudy(shared), at("shared-by-two"), each);
    const earlier = begin(first);
    // Temporary files have a process's number: two studies within one process must not begin at once.
    await vi.waitUntil(() => first.lines.length > 0);
    const summaries = await Promise.all([earlier, begin(second)]);
    const report = at("shared-by-two", "report.md");
    expect(summaries).toEqual([summaries[1], { outcome: "finished", done: 8, total: 8, failures: [], report }]);
    expect(readFileSync(report, "utf8")).not.toContain("Not finished");
    const begun = (events: readonly RunEvent[]) =>
      events.filter((event) => event.type === "job" && event.state === "began");
    expect(begun(first.events).length).toBeGreaterThan(0);
    expect(begun(second.events).length).toBeGreaterThan(0);
    expect(begun(first.events).length + begun(second.events).length).toBe(8);
    expect(readdirSync(at("shared-by-two", "pretrain")).filter((name) => name.endsWith(".lock"))).toEqual([]);
  });

  test("packed without weights, gives the same report", async () => {
    await writeStudyReport(at("parts"));
    const reportFiles = readdirSync(at("parts")).filter((each) => /\.(md|svg)$/.test(each));
    const files = [...reportFiles, "results.jsonl.gz", "study.json"].sort();
    const summary = await packStudy(at("parts"), at("packed"));
    expect(summary.jobs).toBe(27);
    expect([...summary.files].sort()).toEqual(files.map((name) => at("packed", name)));
    expect(readdirSync(at("packed")).sort()).toEqual(files);
    const compare = () => {
      for (const name of reportFiles) {
        expect(readFileSync(at("packed", name), "utf8"), name).toBe(readFileSync(at("parts", name), "utf8"));
        rmSync(at("packed", name));
      }
    };
    compare();
    await writeStudyReport(at("packed"));
    compare();
    const config = readPackedResults(at("packed")).get(pretraining(at("parts")))!.config!;
    // Where the images lay, without the machine.
    expect(config.source).toBe(at("images").split("/").slice(-2).join("/"));
    await expect(packStudy(at("parts"), at("parts", "..", "parts"))).rejects.toThrow(/which is the study itself/);
    const itself = packStudy(at("parts"), at("parts", "..", "parts"), { overwrite: true });
    await expect(itself).rejects.toThrow(/which is the study itself/);
    await expect(packStudy(at("parts"), at("packed"))).rejects.toThrow(/a file at .*study\.json.*add --overwrite/);
    expect(await packStudy(at("parts"), at("packed"), { overwrite: true })).toMatchObject({ jobs: 27 });
  });

  test("goes on from a pack: what is finished there is not done again, but for encoders that are needed", {
    timeout: 120_000,
  }, async () => {
    cpSync(at("packed"), at("elsewhere"), { recursive: true });
    expect(await runStudy(readStudy(recipe), at("elsewhere"), hooks())).toMatchObject({
      outcome: "finished",
      done: 27,
    });
    expect(jobFolders(at("elsewhere"))).toEqual([]);

    const sets = { train: "train", test: "test" };
    const more = { evaluations: [{ name: "CLS", task: "knn", ...sets, pooling: "cls" }] };
    const only = writeRecipe("more-from-scratch.yaml", { ...more, variants: [{ name: "scratch", scratch: "micro" }] });
    expect(await runStudy(readStudy(only), at("elsewhere"), hooks())).toMatchObject({ outcome: "finished", done: 2 });
    expect(jobFolders(at("elsewhere"))).toHaveLength(2);
    const needing = hooks();
    const study = readStudy(writeRecipe("more-of-encoders.yaml", more));
    expect(await runStudy(study, at("elsewhere"), needing)).toMatchObject({ outcome: "finished", done: 5 });
    expect(needing.lines[0]).toMatch(/^pre-training: Mixed AE, seed 0: repeated, because open evaluations need/);
    const again = hooks();
    expect(await runStudy(study, at("elsewhere"), again)).toMatchObject({ outcome: "finished", done: 5 });
    expect(again.lines).toEqual([]);

    // A pack of what went on from a pack holds both.
    await runStudy(readStudy(recipe), at("elsewhere"), hooks());
    expect(await packStudy(at("elsewhere"), at("packed-again"))).toMatchObject({ jobs: 27 });
    const { seconds: _, ...kept } = readPackedResults(at("packed-again")).get(pretraining(at("parts")))!.record;
    expect(readPackedResults(at("packed")).get(pretraining(at("parts")))!.record).toMatchObject(kept);
  });

  test("says what is missing while it is not finished", async () => {
    const [tuned] = jobFolders(at("parts")).filter((name) => name.startsWith("tuned/"));
    rmSync(at("parts", tuned!), { recursive: true });
    await packStudy(at("parts"), at("packed"), { overwrite: true });
    const page = readFileSync(at("packed", "report.md"), "utf8");
    expect(page).toContain("# Colours\n\n**Not finished: 26 of 27 jobs.**");
    expect(page).toContain("**Not finished: 3 of 4 evaluations.**");
  });

  test("changed, keeps what the change leaves as it was", () => {
    const folders = (path: string) => new Set(jobsOf(readStudy(path)).map(({ folder }) => folder));
    const more = folders(writeRecipe("more.yaml", { seeds: [0, 1, 2] }));
    for (const folder of folders(recipe)) expect(more.has(folder)).toBe(true);
    expect(more.size).toBe(27 + 13);
  });

  test("changed, reports only what belongs to its present state", { timeout: 120_000 }, async () => {
    const only = (pooling: string, of = at("changed")) =>
      runStudy(
        readStudy(
          writeRecipe("changing.yaml", {
            variants: [{ name: "scratch", scratch: "micro" }],
            evaluations: [{ name: "kNN", task: "knn", train: "train", test: "test", pooling }],
          }),
        ),
        of,
        hooks(),
      );
    await only("cls");
    await only("mean");
    await only("mean", at("unchanged"));
    expect(jobFolders(at("changed"))).toHaveLength(4);
    for (const folder of ["changed", "unchanged"]) await writeStudyReport(at(folder));
    expect(readFileSync(at("changed", "report.md"), "utf8")).toBe(readFileSync(at("unchanged", "report.md"), "utf8"));
    expect(await packStudy(at("changed"), at("changed-packed"))).toMatchObject({ jobs: 2 });
  });
});

describe("what cannot be", () => {
  test.each([
    ["a claim of what is no variant", { claims: [{ better: "scratch", than: "nobody" }] }, /two variants in each/],
    ["a baseline that is no variant", { baseline: "nobody" }, /baseline: expected the name of a variant/],
    [
      "two variants of one name",
      {
        variants: [
          { name: "a", scratch: "micro" },
          { name: "a", scratch: "tiny" },
        ],
      },
      /name of its own/,
    ],
    [
      "two evaluations whose files would have one name",
      {
        evaluations: ["kNN, CLS", "kNN (CLS)"].map((name) => ({ name, task: "knn", train: "train", test: "test" })),
      },
      /differs from others in letters or digits/,
    ],
    [
      "the compute of a variant that has none of its own",
      {
        variants: [
          { name: "scratch", scratch: "micro" },
          { name: "a", pretrain: { source: "images" }, equalCompute: "scratch" },
        ],
      },
      /equalCompute: expected the name of a variant that is pre-trained/,
    ],
    [
      "a name that no file can have",
      { evaluations: [{ name: "近邻", task: "knn" }] },
      /a letter from a to z or a digit/,
    ],
    [
      "a share of the labels twice",
      { evaluations: [{ name: "x", task: "knn", train: "t", test: "t", labelFractions: [0.1, 0.1] }] },
      /each may come once/,
    ],
    ["a variant without an encoder", { variants: [{ name: "a" }] }, /either pretrain or configs, or scratch/],
    ["an unknown task", { evaluations: [{ name: "x", task: "guess", train: "t", test: "t" }] }, /evaluations\.0\.task/],
    ["a misspelt key", { seedz: [1] }, /seedz/],
  ])("%s is refused by name", (_, change, message) => {
    expect(() => readStudy(writeRecipe("wrong.yaml", change))).toThrow(message);
  });

  test("a wrong key of a pre-training is found before anything runs", () => {
    const variants = [{ name: "a", pretrain: { source: "images", schedule: { batchsize: 8 } } }];
    expect(() => jobsOf(readStudy(writeRecipe("wrong.yaml", { variants, baseline: "a" })))).toThrow(
      /batchsize.*Did you mean schedule.batchSize/,
    );
  });

  test("and of a fine-tuning", () => {
    const evaluations = [{ name: "x", task: "finetune", train: "t", test: "t", options: { schedule: { step: 8 } } }];
    expect(() => jobsOf(readStudy(writeRecipe("wrong.yaml", { evaluations })))).toThrow(
      /the study's x.*schedule.step/s,
    );
  });

  test("the compute of a pre-training in epochs cannot be told", () => {
    const variants = [
      { name: "a", pretrain: { source: "images", schedule: { epochs: 2 } } },
      { name: "b", pretrain: { source: "images" }, equalCompute: "a" },
    ];
    const path = writeRecipe("wrong.yaml", { variants, baseline: "a" });
    expect(() => jobsOf(readStudy(path))).toThrow(/b, equalCompute: .*schedule.steps in place of epochs/);
  });

  test("a folder among the images of any of its jobs is refused, before any of them", async () => {
    for (const name of ["images", "train", "test"]) {
      const study = runStudy(readStudy(recipe), at(name, "study"), hooks());
      await expect(study, name).rejects.toThrow(/Expected a place for the output outside the images in /);
      expect(existsSync(at(name, "study"))).toBe(false);
    }
    await expect(runStudy(readStudy(recipe), at("masked", "images"), hooks())).rejects.toThrow(OutputError);
  });

  test("a damaged checkpoint is told while an older one is evaluated; sets may lie in the study's folder", async () => {
    const folder = at("around");
    await writeImages(join(folder, "scenes"), 16);
    const values = layerFromAssignments([...tinyAssignments, "method=mae", "run.keep=2"]).values as object;
    const study = readStudy(
      writeRecipe("around.yaml", {
        ...{ seeds: [0], baseline: "MAE" },
        variants: [{ name: "MAE", pretrain: { ...values, source: "around/scenes" } }],
        evaluations: [
          { name: "Held out", task: "reconstruction", test: "around/scenes", images: 8 },
          { name: "kNN", task: "knn", train: "train", test: "test" },
        ],
      }),
    );
    expect(await runStudy(study, folder, hooks())).toMatchObject({ outcome: "finished", done: 3 });
    const newest = join(folder, pretraining(folder), "checkpoints", "step-00000010.safetensors");
    truncateSync(newest, 2000);
    const evaluations = jobFolders(folder).filter((name) => /^(held-out|knn)\//.test(name));
    for (const name of evaluations) rmSync(join(folder, name), { recursive: true });
    const warnings: string[] = [];
    const again = { ...hooks(), warn: (message: string) => warnings.push(message) };
    expect(await runStudy(study, folder, again)).toMatchObject({ outcome: "finished", done: 3 });
    expect(warnings).toEqual(Array(2).fill(expect.stringContaining(`${newest} is not used: `)));
    for (const name of evaluations) {
      expect(JSON.parse(readFileSync(join(folder, name, "report.json"), "utf8")).from).toMatch(/, step 8$/);
    }
  });

  test("another study's folder, and a folder without one, are refused", async () => {
    mkdirSync(at("other"));
    writePlan(at("other"), []);
    await expect(runStudy(readStudy(writeRecipe("b.yaml", { title: "Shapes" })), at("other"), hooks())).rejects.toThrow(
      /the study "Colours"/,
    );
    mkdirSync(at("none"));
    await expect(writeStudyReport(at("none"))).rejects.toThrow(/expected the folder of a study/i);
    writeFileSync(at("none", "study.json"), "{");
    await expect(writeStudyReport(at("none"))).rejects.toThrow(/not valid JSON/);
  });

  test("a damaged record is named", async () => {
    const folder = at("damaged");
    mkdirSync(join(folder, "knn", "x"), { recursive: true });
    writePlan(folder, ["knn/x"]);
    writeFileSync(join(folder, "knn", "x", "job.json"), '{"kind": "evaluate", "score": 2}');
    await expect(writeStudyReport(folder)).rejects.toThrow(/knn\/x\/job.json is not a record of a study/);
  });
});
