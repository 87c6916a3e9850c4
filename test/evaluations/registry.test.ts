// The registry: what every evaluation says of itself, and that a new one needs nothing but a folder and a line there.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { metaOf } from "#src/evaluations/options.js";
import { evaluations } from "#src/evaluations/registry.js";
import { readStudy, runStudy, writeStudyReport } from "#src/study/index.js";
import { recipeEvaluationSchema } from "#src/study/recipe-evaluations.js";
import { record } from "../cli/recording.js";
import { plainImage, writeFiles } from "../data/image-files.js";
import { recordOptions } from "../training/tiny-run.js";
import { sharedFolder, writeTinyCheckpoint } from "./tiny-sets.js";

/** The line of the registry. */
vi.mock("#src/evaluations/registry.js", async (original) => {
  const { evaluations } = await original<typeof import("#src/evaluations/registry.js")>();
  const { brightness } = await import("./throw-away/evaluation.js");
  return { evaluations: [...evaluations, brightness] };
});

const at = sharedFolder();

beforeAll(async () => {
  await writeTinyCheckpoint(at("tiny.safetensors"));
  writeFiles(at("images"), {
    "a.png": await plainImage(9, 9, [255, 255, 255]).png().toBuffer(),
    "b.png": await plainImage(9, 9, [51, 51, 51]).png().toBuffer(),
  });
});

describe("every evaluation", () => {
  test("has a name and a task of its own", () => {
    for (const key of ["name", "task"] as const) {
      expect(new Set(evaluations.map((each) => each[key])).size).toBe(evaluations.length);
    }
  });

  test.each(evaluations)("$name says what each option is, and records only options", ({ options, recorded }) => {
    const shape = options.shape as Record<string, z.ZodType>;
    for (const [name, schema] of Object.entries(shape)) expect(metaOf(schema).description, name).not.toBe("");
    expect(Object.keys(shape)).toEqual(expect.arrayContaining([...Object.keys(recorded), "seed"]));
    expect(Object.values(shape).filter((schema) => metaOf(schema).imagesWithin !== undefined)).not.toEqual([]);
  });
});

test("recipes have the keys that name their jobs, always, and others only where they are given", () => {
  const schema = recipeEvaluationSchema(z.string());
  const sets = { train: "a", test: "b" };
  const parsed = (entry: object) => JSON.stringify(schema.parse(entry));
  const expected = [
    { task: "knn", name: "n", ...sets, labelFractions: [1], pooling: "mean" },
    { task: "probe", name: "n", ...sets, labelFractions: [1], pooling: "mean" },
    { task: "finetune", name: "n", ...sets, labelFractions: [1], recipe: "small", options: {} },
    { task: "segmentation", name: "n", scenes: "s", images: 1000, queries: 500 },
    { task: "reconstruction", name: "n", test: "b", images: 10_000 },
    { task: "recognition", name: "n", test: "b", images: 2000 },
  ];
  for (const entry of expected) {
    const { labelFractions, pooling, recipe, options, images, queries, ...given } = entry as Record<string, unknown>;
    // Their order too is part of what names a job.
    expect(parsed(given)).toBe(JSON.stringify(entry));
  }
  const more = { task: "probe", name: "n", ...sets, epochs: 5 };
  expect(schema.parse(more)).toMatchObject({ epochs: 5 });
  expect(() => schema.parse({ ...more, seed: 3 })).toThrow(/seed/);
  expect(() => schema.parse({ ...more, epochs: 0 })).toThrow(/epochs/);
});

describe("a throw-away evaluation, of one file and one line", () => {
  test("is nowhere in the program", () => {
    const root = join(import.meta.dirname, "../../src");
    const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
    expect(files.filter((name) => /throw-away|BrightnessReport/.test(readFileSync(join(root, name), "utf8")))).toEqual(
      [],
    );
  });

  test("is a command with flags of its options", async () => {
    const { out: list } = await record(["evaluate", "--help"]);
    expect(list).toMatch(/\n {2}brightness \[options\] +measure how bright images are; needs images alone\n/);
    const { out: help } = await record(["evaluate", "brightness", "--help"]);
    expect(help).toMatch(/--test <source\.\.\.>.*--images <n>.*\(default: 10\).*--scale <share>.*\(default: 1\)/s);
    expect(help).not.toContain("--no-memory-check");
    expect(help).toContain("  mixedae evaluate brightness --from runs/first --test photos --scale 0.5");

    const words = ["evaluate", "brightness", "--from", at("tiny.safetensors"), "--test", at("images")];
    const { exitCode, out, err } = await record([...words, "--scale", "50%", "--out", at("report.json")]);
    expect([exitCode, err]).toEqual([0, ""]);
    expect(out).toBe(`2 images, brightness 30.0%\nWrote ${at("report.json")}\n`);
    expect(JSON.parse(readFileSync(at("report.json"), "utf8"))).toMatchObject({ test: { images: 2 } });
    expect((await record([...words, "--scale", "2"])).err).toContain("Expected a share above 0 and at most 1");
  });

  test("is an evaluation of a study, in its jobs and its report", async () => {
    const recipe = {
      title: "Brightness",
      seeds: [0],
      variants: [{ name: "scratch", scratch: "nano" }],
      evaluations: [{ name: "Bright", task: "brightness", test: "images", scale: 0.5 }],
    };
    writeFileSync(at("study.yaml"), JSON.stringify(recipe));
    expect(await runStudy(readStudy(at("study.yaml")), at("study"), { ...recordOptions(), threads: 1 })).toMatchObject({
      outcome: "finished",
    });
    await writeStudyReport(at("study"));
    const page = readFileSync(at("study", "report.md"), "utf8");
    expect(page).toContain("## Bright\n\nBrightness on 2 test images, in percent; one seed.");
    expect(page).toContain("| scratch | 30.0 |");
  });
});
