// Evaluations on the command line: one command for each, the short names that are older, and the form that is gone soon.
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { needs } from "#src/evaluations/evaluation.js";
import { evaluations } from "#src/evaluations/registry.js";
import { pretrain } from "#src/training/index.js";
import { sharedFolder, writeColours, writeMaskedSet, writeTinyCheckpoint } from "../evaluations/tiny-sets.js";
import { recordOptions, tinyConfig } from "../training/tiny-run.js";
import { record } from "./recording.js";

const at = sharedFolder();
const encoder = "--from :encoder.safetensors --threads 1";
const sets = "--train :labelled --test :labelled";

/** `:name` stands for a path in the folder of the tests. */
const run = (line: string) => record(line.split(" ").map((word) => word.replace(/^:(.*)$/, (_, name) => at(name))));

beforeAll(async () => {
  await writeColours(at("labelled"), 6);
  await writeMaskedSet(at("masked"));
  await writeTinyCheckpoint(at("encoder.safetensors"));
  await pretrain(tinyConfig(at("labelled"), "method=mae", "schedule.steps=1"), at("run"), recordOptions());
});

/** What a command prints of its result, without progress and time. */
const result = (out: string) =>
  out
    .slice(out.lastIndexOf("images/s"))
    .split("\n")
    .slice(1)
    .join("\n")
    .replace(/ in [\d.]+ \w+:/, "");

describe("mixedae evaluate", () => {
  test("lists every evaluation with what it needs", async () => {
    const { exitCode, out } = await run("evaluate --help");
    expect(exitCode).toBe(0);
    for (const { name, summary, needs: needed } of evaluations) {
      expect(out.replace(/\s+/g, " ")).toContain(` ${name} [options] ${summary}; needs ${needs[needed]} `);
    }
  });

  test.each(["knn", "probe --epochs 2 --batch-size 4"])("%s is the command of this name", async (command) => {
    const [long, short] = [
      await run(`evaluate ${command} ${encoder} ${sets} --out :long.json --overwrite`),
      await run(`${command} ${encoder} ${sets} --out :short.json --overwrite`),
    ];
    expect([long.exitCode, long.err]).toEqual([0, ""]);
    expect(long.out).toContain(`Wrote ${at("long.json")} and ${at("long.png")}\n`);
    expect(result(long.out).replaceAll("long.", "short.")).toBe(result(short.out));
    const withoutSeconds = (name: string) => ({ ...JSON.parse(readFileSync(at(name), "utf8")), seconds: null });
    expect(withoutSeconds("long.json")).toEqual(withoutSeconds("short.json"));
  });

  test("reconstruction and recognition print their scores", async () => {
    const reconstruction = await run("evaluate reconstruction --from :run --test :labelled --images 8 --threads 1");
    expect([reconstruction.exitCode, reconstruction.err]).toEqual([0, ""]);
    expect(reconstruction.out).toMatch(/run, step 1, mae: 8 images\nreconstruction loss \d\.\d{4}\n$/);
    const recognition = await run("evaluate recognition --from :run --test :labelled --threads 1 --out :seen.json");
    expect([recognition.exitCode, recognition.err]).toEqual([0, ""]);
    expect(recognition.out).toMatch(
      /: 16 mixtures, 3 nearest patches of each patch\nof the same image [\d.]+%, by guessing 20.0%\n/,
    );
    expect(JSON.parse(readFileSync(at("seen.json"), "utf8"))).toMatchObject({ task: "recognition", seed: 0 });
  });

  test("has no flag that an evaluation would not heed", async () => {
    for (const flag of ["--student", "--model micro", "--model-seed 1", "--no-memory-check"]) {
      const { exitCode, err } = await run(`evaluate reconstruction --from :run --test :labelled ${flag}`);
      expect([exitCode, err]).toEqual([2, expect.stringContaining("unknown option")]);
    }
    expect((await run(`evaluate knn ${encoder} ${sets} --device gpu`)).err).toContain(
      "Allowed choices are cpu, webgpu",
    );
  });

  test("finetune is mixedae finetune", async () => {
    const [long, short] = [await run("evaluate finetune --help"), await run("finetune --help")];
    expect(long.out).toBe(short.out.replace("Usage: mixedae finetune", "Usage: mixedae evaluate finetune"));
  });
});

describe("mixedae segment", () => {
  test("nearest is the evaluation of patches, and without a name works with a warning", async () => {
    const flags = `${encoder} --scenes :masked --neighbours 3`;
    const [named, evaluated, former] = [
      await run(`segment nearest ${flags}`),
      await run(`evaluate patches ${flags}`),
      await run(`segment ${flags}`),
    ];
    for (const { exitCode, out } of [named, evaluated, former]) {
      expect(exitCode).toBe(0);
      expect(out).toContain("mean IoU 100.0% of 3 classes, 100.0% of the pixels\n  background  100.0%\n");
    }
    expect([named.err, evaluated.err]).toEqual(["", ""]);
    expect(former.err).toMatch(/^warning: mixedae segment --from \.\.\. is mixedae segment nearest .*version 1\.0\n$/);
  });
});
