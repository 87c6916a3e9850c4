// What a recipe may ask for, and what of it names its jobs.
import { expect, test } from "vitest";
import { ConfigError } from "#src/config/errors.js";
import { type EvaluationJob, encoderOf, jobsOf } from "#src/study/jobs.js";
import { parseRecipe, type Study } from "#src/study/recipe.js";

const evaluation = { name: "kNN", task: "knn", train: "a", test: "b" };
const recipe = (change: object = {}) => ({
  title: "A study",
  seeds: [0],
  variants: [{ name: "MAE", pretrain: { source: "images", method: "mae" } }],
  evaluations: [evaluation],
  ...change,
});

const names = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`);

test.each([
  ["seeds", { seeds: names(1001).map((_, index) => index) }],
  ["variants", { variants: names(1001).map((name) => ({ name, scratch: "nano" })) }],
  ["evaluations", { evaluations: names(1001).map((name) => ({ ...evaluation, name })) }],
  ["evaluations.0.labelFractions", { evaluations: [{ ...evaluation, labelFractions: new Array(200).fill(1) }] }],
  [
    "evaluations.0.images",
    { evaluations: [{ name: "R", task: "recognition", test: "b", images: Number.MAX_SAFE_INTEGER }] },
  ],
  [
    "seeds, variants and evaluations make more than 100000 jobs",
    {
      seeds: names(400).map((_, index) => index),
      variants: names(300).map((name) => ({ name, scratch: "nano" })),
    },
  ],
])("too many are refused: %s", (place, change) => {
  expect(() => parseRecipe(recipe(change), "study.yaml")).toThrow(ConfigError);
  expect(() => parseRecipe(recipe(change), "study.yaml")).toThrow(place);
});

test.each([
  ["kn", 'found "kn". Did you mean knn?'],
  ["accuracy", 'found "accuracy"'],
  [7, "found 7"],
  [undefined, "found nothing"],
])("a task that there is not is named, with those that there are: %s", (task, found) => {
  const parse = () => parseRecipe(recipe({ evaluations: [{ ...evaluation, task }] }), "study.yaml");
  expect(parse).toThrow(
    `study.yaml, evaluations.0.task: expected one of knn, probe, segmentation, recognition, reconstruction, finetune, segment, detect; ${found}`,
  );
});

test("how the machine is used, whether memory is checked, and files for TensorBoard name no job", () => {
  const folders = (run?: object) => {
    const values = { source: "images", method: "mae", ...(run && { run }) };
    const study: Study = {
      recipe: parseRecipe(recipe(), "study.yaml"),
      layers: new Map([["MAE", [{ origin: "study.yaml", values }]]]),
      folder: "/studies",
    };
    return jobsOf(study).map(({ folder }) => folder);
  };
  expect(folders({ memoryCheck: false, threads: 3, tensorboard: true })).toEqual(folders());
  // As they were before there was a check.
  expect(folders()).toEqual(FOLDERS);
});

const FOLDERS = ["pretrain/mae-0-608264ada1", "knn/mae-100pct-0-291b54b855"];

test("an option that came later names a job only at another value than was done before", () => {
  const folders = (methodOptions: object) => {
    const study: Study = {
      recipe: parseRecipe(recipe(), "study.yaml"),
      layers: new Map([
        ["MAE", [{ origin: "study.yaml", values: { source: "images", method: "mixedae", methodOptions } }]],
      ]),
      folder: "/studies",
    };
    return jobsOf(study).map(({ folder }) => folder);
  };
  expect(folders({ segmentShare: 1 })).toEqual(folders({}));
  // As it was before the option was there.
  expect(folders({})[0]).toBe("pretrain/mae-0-114acad0e3");
  expect(folders({ segmentShare: 0.5 })).not.toEqual(folders({}));
});

test("an encoder from scratch has the sizes of the recipe, and those without keep their folders", () => {
  const folders = (scratch: unknown) => {
    const given = recipe({ variants: [{ name: "scratch", scratch }], baseline: "scratch" });
    return jobsOf({ recipe: parseRecipe(given, "study.yaml"), layers: new Map(), folder: "/studies" });
  };
  const [plain] = folders("nano");
  expect(encoderOf((plain as EvaluationJob).from, "/out")).toEqual({ from: "scratch", preset: "nano", modelSeed: 0 });
  const [sized] = folders({ preset: "nano", imageSize: 64, patchSize: 8 });
  expect(encoderOf((sized as EvaluationJob).from, "/out")).toMatchObject({
    preset: "nano",
    imageSize: 64,
    patchSize: 8,
  });
  expect(sized!.folder).not.toBe(plain!.folder);
});
