// One folder of classes for both: some of it is tested on, and nothing that is tested on is learnt from.
import { cpSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { layerFromAssignments } from "#src/config/config.js";
import {
  describeSets,
  EvaluationError,
  evaluateKnn,
  evaluateProbe,
  finetune,
  resumeFinetune,
} from "#src/evaluations/index.js";
import { type LabelledSetsRequest, openLabelledSets } from "#src/evaluations/labelled-sets.js";
import { jobsOf } from "#src/study/index.js";
import { parseRecipe } from "#src/study/recipe.js";
import { record } from "../cli/recording.js";
import { writeFiles } from "../data/image-files.js";
import { expectSameMetrics, readMetrics, recordOptions } from "../training/tiny-run.js";
import { sharedFolder, silentProgress, writeColours, writeTinyCheckpoint } from "./tiny-sets.js";

const at = sharedFolder();
let [train, from] = ["", ""];

beforeAll(async () => {
  train = await writeColours(at("colours"), 10);
  from = await writeTinyCheckpoint(at("tiny.safetensors"));
});

/** Names of the images that are learnt from, and of those that are tested on. */
async function namesOf(request: LabelledSetsRequest) {
  const { train, test } = await openLabelledSets(request);
  return [train, test].map(({ indices, source }) => [...indices].map((index) => source.name(index)));
}

describe("images that are held out", () => {
  test("are a share of each class, others for another seed, and none of them is learnt from", async () => {
    const [learnt, tested] = await namesOf({ train, holdout: 0.2 });
    expect([learnt!.length, tested!.length]).toEqual([24, 6]);
    expect(tested!.map((name) => name.split("/")[0])).toEqual(["blue", "blue", "green", "green", "red", "red"]);
    expect(learnt!.filter((name) => tested!.includes(name))).toEqual([]);
    expect(await namesOf({ train, holdout: 0.2 })).toEqual([learnt, tested]);
    expect((await namesOf({ train, holdout: 0.2, seed: 1 }))[1]).not.toEqual(tested);
  });

  test("stay the same whatever share of the other labels is used", async () => {
    const [some, tested] = await namesOf({ train, holdout: 0.2, labelsFraction: 0.25 });
    expect(some).toHaveLength(6);
    expect((await namesOf({ train, holdout: 0.2 }))[1]).toEqual(tested);
  });

  test.each([
    ["neither", { train: "colours" }],
    ["both", { train: "colours", test: "others", holdout: 0.2 }],
  ])("either they or a set of its own: %s is refused", async (found, request) => {
    await expect(openLabelledSets(request)).rejects.toThrow(new RegExp(`\\(holdout\\), but found ${found}`));
    await expect(openLabelledSets(request)).rejects.toBeInstanceOf(EvaluationError);
  });

  test("are what kNN and probe report of", async () => {
    const shared = { from, train, holdout: 0.3, threads: 1 };
    const knn = await evaluateKnn(shared, silentProgress());
    expect(knn.test).toEqual({ source: train, holdout: 0.3, images: 9, skipped: [] });
    expect(describeSets(knn)).toContain("9 test images (30% of each class, held out) of 3 classes; 21 labelled");
    const probe = await evaluateProbe({ ...shared, pooling: "mean", augment: false, batchSize: 8, epochs: 5 });
    expect([probe.train.images, probe.test.images]).toEqual([21, 9]);
  });

  test("belong to a fine-tuning, also when it goes on", async () => {
    const keys = [
      "schedule.batchSize=6",
      "schedule.steps=6",
      "run.threads=1",
      "data.workers=1",
      "run.checkpointEvery=2",
    ];
    const request = { from, train, holdout: 0.2, recipe: "small", layers: [layerFromAssignments(keys)] } as const;
    const { report } = await finetune(request, at("whole"), recordOptions());
    expect(report!.test).toEqual({ source: train, holdout: 0.2, images: 6, skipped: [] });
    expect(JSON.parse(readFileSync(at("whole", "config.json"), "utf8"))).toMatchObject({ train, holdout: 0.2 });
    await finetune(request, at("parts"), recordOptions(3));
    const resumed = await resumeFinetune(at("parts"), recordOptions());
    expectSameMetrics(readMetrics(at("parts")), readMetrics(at("whole")), 0);
    expect(resumed.report!.detail).toEqual(report!.detail);
    await expect(resumeFinetune(at("parts"), { testSource: train })).rejects.toThrow("Leave --test-source out");
  });

  test("can be asked for on the command line, as a share or in percent", async () => {
    const { exitCode, out, err } = await record(["knn", "--from", from, "--train", train, "--holdout", "20%"]);
    expect([exitCode, err]).toEqual([0, ""]);
    expect(out).toContain("6 test images (20% of each class, held out)");
    const without = await record(["knn", "--from", from, "--train", train]);
    expect([without.exitCode, without.err]).toEqual([2, expect.stringContaining("such as --holdout 0.2")]);
  });
});

describe("a study", () => {
  const study = (evaluation: object) => ({
    title: "A study",
    seeds: [0],
    variants: [{ name: "none", scratch: "nano" }],
    evaluations: [{ name: "kNN", task: "knn", train: "a", ...evaluation }],
  });
  const foldersOf = (evaluation: object) =>
    jobsOf({ recipe: parseRecipe(study(evaluation), "study.yaml"), layers: new Map(), folder: "/studies" }).map(
      ({ folder }) => folder,
    );

  test("takes it as a key, which names a job only where it is given", () => {
    expect(foldersOf({ holdout: 0.2 })).not.toEqual(foldersOf({ holdout: 0.3 }));
    expect(foldersOf({ test: "b" })).toEqual(foldersOf({ test: "b" }));
  });

  test("says before anything runs where there is nothing to test on", () => {
    expect(() => foldersOf({})).toThrow(/evaluations.0: expected either .* found neither/);
    expect(() => foldersOf({ test: "b", holdout: 0.2 })).toThrow(/found both/);
  });
});

describe("the same images in both sets", () => {
  const warningsFor = async (request: LabelledSetsRequest) => {
    const warnings: string[] = [];
    await openLabelledSets(request, undefined, (message) => warnings.push(message));
    return warnings;
  };

  test("give a warning that says what it means", async () => {
    const [warning, ...others] = await warningsFor({ train, test: train });
    expect(others).toEqual([]);
    expect(warning).toMatch(/^30 of 30 test images are also among those to learn from \(blue\/0.png, /);
    expect(warning).toContain("how well known images are recognised");
  });

  test("are found where some are copied, and not where only names and sizes agree", async () => {
    const test = await writeColours(at("mixed"), 4, 1);
    expect(await warningsFor({ train, test })).toEqual([]);
    cpSync(at("colours", "red", "7.png"), at("mixed", "red", "7.png"));
    const same = readFileSync(at("colours", "blue", "8.png"));
    writeFiles(test, { "blue/8.png": Buffer.from(same).fill(0, 40) });
    expect(await warningsFor({ train, test })).toEqual([
      expect.stringMatching(/^1 of 14 test images .*\(red\/7.png\)/),
    ]);
  });

  test("are told of by a command", async () => {
    const { out } = await record(["knn", "--from", from, "--train", train, "--test", train]);
    expect(out).toContain("30 of 30 test images are also among those to learn from");
  });
});
