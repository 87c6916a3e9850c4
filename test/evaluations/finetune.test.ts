// Fine-tuning as a whole: it learns colours, can be stopped and resumed, is tested once, and labels other images.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { layerFromAssignments } from "#src/config/config.js";
import { classify, type FinetuneRequest, finetune, loadClassifier, resumeFinetune } from "#src/evaluations/index.js";
import { loadTrained } from "#src/training/fine-tuned.js";
import { resume } from "#src/training/index.js";
import { loadPretrained } from "#src/training/pretrained.js";
import { runPaths } from "#src/training/run-folder.js";
import { writeFiles } from "../data/image-files.js";
import { shownScalars } from "../formats/tensorboard-reader.js";
import { expectSameMetrics, readMetrics, recordOptions } from "../training/tiny-run.js";
import { sharedFolder, writeColours, writeTinyCheckpoint } from "./tiny-sets.js";

const at = sharedFolder();
let [train, test_, from] = ["", "", ""];

const everything = [
  "regularization.mixup=0.8",
  "regularization.cutmix=1",
  "regularization.dropPath=0.2",
  "augmentation.randAugment={operations: 2, magnitude: 9, magnitudeDeviation: 0.5}",
  "augmentation.randomErasing={probability: 0.5}",
];

function request(...assignments: readonly string[]): FinetuneRequest {
  const small = [
    "schedule.batchSize=12",
    "schedule.steps=8",
    "run.threads=1",
    "data.workers=1",
    "run.checkpointEvery=3",
  ];
  const layers = [layerFromAssignments(small), layerFromAssignments(assignments)];
  return { from, train, test: test_, recipe: "small", layers };
}

const hooks = recordOptions;

beforeAll(async () => {
  train = await writeColours(at("train"), 20);
  test_ = await writeColours(at("test"), 7, 1);
  writeFiles(test_, { "red/broken.png": "broken" });
  from = await writeTinyCheckpoint(at("tiny.safetensors"));
});

describe("a run", () => {
  test("learns classes, is tested at its end, and labels images that it never saw", async () => {
    const run = at("colours");
    const recorded = hooks();
    const { summary, report } = await finetune(
      request("schedule.steps=120", "schedule.learningRate=0.01"),
      run,
      recorded,
    );
    expect(summary).toMatchObject({ outcome: "finished", step: 120, totalSteps: 120 });
    expect(report!.detail.top1).toBe(1);
    expect(report!.test).toMatchObject({ images: 21, skipped: ["red/broken.png"] });
    expect(report!.imagesSeen).toBe(120 * 12);
    expect(JSON.parse(readFileSync(join(run, "report.json"), "utf8"))).toEqual(JSON.parse(JSON.stringify(report)));
    expect(existsSync(join(run, "report.png"))).toBe(true);
    expect(recorded.lines.join("\n")).toContain("60 images of 3 classes");
    const losses = readMetrics(run).map(({ loss }) => loss as number);
    expect(losses[0]).toBeCloseTo(Math.log(3), 2);
    expect(losses.at(-1)).toBeLessThan(0.6);

    const images = [join(test_, "blue/0.png"), join(test_, "red/broken.png"), join(test_, "green/3.png")];
    const result = await classify({ classifier: run, images, top: 2, threads: 1 });
    expect(result.images.map(({ image, classes }) => [image, classes[0]!.name, classes.length])).toEqual([
      [images[0], "blue", 2],
      [images[2], "green", 2],
    ]);
    expect(result.images[0]!.classes[0]!.probability).toBeGreaterThan(0.6);
    expect(result.skipped.map(({ name }) => name)).toEqual([images[1]]);
    const all = await classify({ classifier: run, images: [images[0]!], top: 9, threads: 1 });
    expect(all.images[0]!.classes.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6);
    const checkpoints = readdirSync(join(run, "checkpoints"));
    expect(checkpoints).toEqual(["step-00000120.safetensors"]);
    const trained = await loadTrained(run);
    expect(trained).toMatchObject({ kind: "classifier", classifier: { classes: ["blue", "green", "red"] } });
    const one = await classify({
      classifier: join(run, "checkpoints", checkpoints[0]!),
      images: [images[0]!],
      top: 3,
      threads: 1,
    });
    expect(one.images[0]!.classes).toEqual(all.images[0]!.classes);

    const classifier = await loadClassifier(run, { threads: 1 });
    expect(classifier.classes).toEqual(["blue", "green", "red"]);
    expect(await classifier.classify(readFileSync(images[0]!))).toEqual(all.images[0]!.classes);
    const [first, second] = await classifier.classify([images[2]!, images[0]!]);
    expect([first![0]!.name, second]).toEqual(["green", all.images[0]!.classes]);
    await expect(classifier.classify(images[1]!)).rejects.toThrow(/broken\.png/);
  });

  test("takes choices over its layers and the defaults of its recipe", async () => {
    const choices = { schedule: { steps: 2, batchSize: 9 }, run: { threads: 1 } };
    await finetune(
      { from, train, test: test_, layers: [layerFromAssignments(["schedule.steps=4"])], choices },
      at("own"),
    );
    const { schedule, optimizer } = JSON.parse(readFileSync(at("own", "config.json"), "utf8"));
    expect(schedule).toMatchObject({ steps: 2, batchSize: 9 });
    expect(optimizer.layerDecay).toBe(0.75);
  });

  test("writes the same metrics for TensorBoard where that is asked for", async () => {
    const run = at("tensorboard");
    await finetune(request("schedule.steps=2", "run.tensorboard=true"), run, hooks());
    const { tensorboard } = runPaths(run);
    const files = readdirSync(tensorboard).map((name) => readFileSync(join(tensorboard, name)));
    const losses = readMetrics(run).map(({ step, loss }) => [step, Math.fround(loss as number)]);
    expect(losses).toHaveLength(2);
    expect(shownScalars(files).get("loss")).toEqual(losses);
  });

  test.each([
    ["plain", []],
    ["with every augmentation", everything],
  ] as const)("%s, stopped and resumed, is the run that was never stopped", async (name, assignments) => {
    const [whole, parts] = [at(`${name}-whole`), at(`${name}-parts`)];
    const { report } = await finetune(request(...assignments), whole, hooks());
    const stopped = await finetune(request(...assignments), parts, hooks(4));
    expect([stopped.summary.outcome, stopped.report]).toEqual(["stopped", null]);
    expect(existsSync(join(parts, "report.json"))).toBe(false);
    const resumed = await resumeFinetune(parts, { threads: 1, ...hooks() });
    expectSameMetrics(readMetrics(parts), readMetrics(whole), 0);
    expect(resumed.report!.detail).toEqual(report!.detail);
  });

  test("needs the encoder's file no more once it has begun", async () => {
    const other = await writeTinyCheckpoint(at("gone.safetensors"), { seed: 8 });
    const run = at("orphan");
    await finetune({ ...request(), from: other }, run, hooks(1));
    writeFileSync(other, "no longer a checkpoint");
    expect((await resumeFinetune(run, hooks())).summary.outcome).toBe("finished");
  });

  test("from scratch, learns at the same rate in all layers; from an encoder, at falling ones", async () => {
    const small = ["schedule.steps=1", "run.threads=1", "data.workers=1"];
    const layers = [layerFromAssignments([...small, "schedule.batchSize=2"])];
    await finetune({ from: "scratch", train, test: test_, recipe: "small", layers }, at("scratch"), hooks());
    await finetune(request("schedule.steps=1"), at("taught"), hooks());
    const decay = (run: string) => JSON.parse(readFileSync(at(run, "config.json"), "utf8")).optimizer.layerDecay;
    expect([decay("scratch"), decay("taught")]).toEqual([1, 0.75]);
  });

  test("with few labels takes a batch that they fill", async () => {
    const layers = [layerFromAssignments(["schedule.steps=2", "run.threads=1", "data.workers=1"])];
    const { report } = await finetune({ ...request(), layers, labelsFraction: 0.1 }, at("few"), hooks());
    expect(report!.train).toMatchObject({ images: 6, labelsFraction: 0.1 });
    expect(JSON.parse(readFileSync(at("few", "config.json"), "utf8")).schedule.batchSize).toBe(6);
  });
});

describe("what cannot be", () => {
  test("is refused before anything is computed, and the folder stays free", async () => {
    const refused = [
      ["schedule.batchSize=61", /schedule.batchSize: expected at most the 60 labelled images; found 61/],
      ["optimizer.layerDecay=1.5", /optimizer.layerDecay \(from --set\): expected a number above 0 and of at most 1/],
      [
        "regularization.mixUp=1",
        /regularization.mixUp \(from --set\): no such key. Did you mean regularization.mixup\?/,
      ],
      ["schedule.microBatch=5", /schedule.microBatch: expected a divisor of schedule.batchSize = 12; found 5/],
    ] as const;
    for (const [assignment, message] of refused) {
      await expect(finetune(request(assignment), at("refused"), hooks())).rejects.toThrow(message);
    }
    expect(existsSync(at("refused"))).toBe(false);
    for (const folder of [train, join(train, "run"), join(test_, "red", "run")]) {
      await expect(finetune(request(), folder, hooks())).rejects.toThrow("outside the images");
    }
    expect([existsSync(join(train, "run")), existsSync(join(test_, "red", "run"))]).toEqual([false, false]);
  });

  test("says what a folder is instead of what was expected", async () => {
    const run = at("named");
    await finetune(request("schedule.steps=1"), run, hooks());
    await expect(loadPretrained(run)).rejects.toThrow(
      /holds a fine-tuned classifier.*mixedae classify, embed and export take/s,
    );
    await expect(resume(run, recordOptions())).rejects.toThrow(/holds a fine-tuned classifier/);
    const [name] = readdirSync(join(run, "checkpoints"));
    await expect(loadPretrained(join(run, "checkpoints", name!))).rejects.toThrow(/holds a fine-tuned classifier/);
    const images = [join(test_, "blue/0.png")];
    await expect(classify({ classifier: from, images, top: 1, threads: 1 })).rejects.toThrow(
      /holds no fine-tuned classifier/,
    );
    mkdirSync(at("empty"));
    await expect(classify({ classifier: at("empty"), images, top: 1, threads: 1 })).rejects.toThrow(/is not a run/);
    await expect(finetune(request(), run, hooks())).rejects.toThrow(/already holds a run/);
  });

  test("refuses a checkpoint whose weights do not fit what it says", async () => {
    const run = at("changed");
    await finetune(request("schedule.steps=1"), run, hooks());
    const path = join(run, "config.json");
    const config = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...config, classes: ["a", "b"] }));
    await expect(resumeFinetune(run, hooks())).rejects.toThrow(/another classes than config.json has/);
    writeFileSync(
      path,
      JSON.stringify({ ...config, model: { ...config.model, shape: { ...config.model.shape, depth: 0 } } }),
    );
    await expect(resumeFinetune(run, hooks())).rejects.toThrow(/model.shape.depth.*expected a whole number/);
  });
});
