// Exit status: 2 for every command line that asks for the wrong thing, 1 for what is damaged.
import { existsSync, mkdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { embed } from "#src/evaluations/index.js";
import { pretrain, reconstruct, resume } from "#src/training/index.js";
import { sharedFolder, silentProgress, writeColours, writeTinyCheckpoint } from "../evaluations/tiny-sets.js";
import { recordOptions, tinyAssignments, tinyConfig } from "../training/tiny-run.js";
import { record } from "./recording.js";

const at = sharedFolder();
const tiny = tinyAssignments.flatMap((assignment) => ["--set", assignment]);

beforeAll(async () => {
  await writeColours(at("labelled"), 6);
  await writeColours(at("fewer", "inner"), 2);
  mkdirSync(at("empty"));
  mkdirSync(at("other", "violet"), { recursive: true });
  await writeColours(at("other"), 2);
  await writeColours(at("other", "violet"), 1);
  writeFileSync(at("text.txt"), "a text that is neither images nor weights nor anything else");
  for (const name of ["taken.npy", "taken.png"]) writeFileSync(at(name), "");
  await writeTinyCheckpoint(at("encoder.safetensors"));
  expect((await run("export :encoder.safetensors --format safetensors --out :weights.safetensors")).err).toBe("");
  const config = tinyConfig(at("labelled"), "method=mae", "schedule.steps=1");
  await pretrain(config, at("run"), recordOptions());
  await pretrain(config, at("damaged"), recordOptions());
  truncateSync(at("damaged", "checkpoints", "step-00000001.safetensors"), 1000);
  await pretrain(tinyConfig(at("labelled"), "method=mae"), at("unborn"), recordOptions(0));
  await embed(
    {
      ...{ source: at("labelled"), from: at("encoder.safetensors"), out: at("features.npy") },
      ...{ split: "train", pooling: "mean", threads: 1 },
    },
    silentProgress(),
  );
});

/** `:name` stands for a path in the folder of the tests. */
function run(line: string) {
  const args = line.split(" ").map((word) => word.replace(/^:(.*)$/, (_, name: string) => at(...name.split("/"))));
  const [command = "", ...rest] = args;
  return record([command, ...(command === "pretrain" ? tiny : []), ...rest], { pretrain, resume, reconstruct });
}

const sets = "--train :labelled --test :labelled";
const from = "--from :encoder.safetensors";
const png = ":labelled/red/0.png";

test.each([
  ["pretrain :none --out :new", "nothing there"],
  ["pretrain :text.txt --out :new", "a file of another kind"],
  [`pretrain ${png} --out :new`, "but found 1 image"],
  ["pretrain :empty --out :new", "an empty folder"],
  ["pretrain :labelled --out :text.txt", "Something else has this name"],
  ["pretrain :labelled --out :text.txt/run", "is a file, not a folder"],
  ["pretrain :labelled --out :run", "already holds a run"],
  ["pretrain :labelled --out :labelled/run", "outside the images"],
  ["pretrain :labelled --out :few --set schedule.batchSize=400", "--batch-size 16"],
  ["pretrain :labelled --out :new --set schedule.steps=many", "schedule.steps"],
  ["pretrain :labelled --out :new --method simclr", "method"],
  ["pretrain :labelled --out :new --config :none.yaml", "none.yaml"],
  ["pretrain :labelled --out :new --evaluate :none", "nothing there"],
  ["pretrain :labelled --out :new --evaluate :empty", "an empty folder"],
  ["pretrain --out :new", "source"],
  ["pretrain :labelled :text.txt --out :new", "only folders of images"],
  ["resume :none", "is not a run"],
  ["resume :empty", "is not a run"],
  ["resume :text.txt", "is not a run"],
  ["resume :run --threads x", "Expected a whole number"],
  [`reconstruct :none ${png} --out :new.png`, "is not a run"],
  ["reconstruct :run :none.png --out :new.png", "There is no file"],
  ["reconstruct :run :labelled --out :new.png", "There is no file"],
  [`reconstruct :run ${png} --out :new.jpg`, "ends in .png"],
  [`reconstruct :run ${png} --out ${png}`, "as both"],
  [`embed :none ${from} --out :new.npy`, "nothing there"],
  ["embed :labelled --from :none --out :new.npy", "Check the path"],
  ["embed :labelled --from :empty --out :new.npy", "is not a run"],
  ["embed :labelled --from :text.txt/run --out :new.npy", "is a file, not a folder"],
  [`embed :labelled ${from} --out :new.bin`, "ends in .npy"],
  [`embed :labelled ${from} --out :taken.npy`, "taken.npy there"],
  [`embed :labelled ${from} --out :new.npy --pool max`, "Allowed choices"],
  [`embed :labelled ${from} --out :new.npy --student`, "no student"],
  [`embed :labelled ${from} --out :text.txt/new.npy`, "Something else has this name"],
  [`search :none.npy ${png}`, "There are no features"],
  ["search :features.npy :none.png", "There is no file"],
  ["search :features.npy :labelled", "There is no file"],
  ["search :features.npy :text.txt", "not a JPEG"],
  [`search :features.npy ${png} --top 0`, "from 1 to 1,000"],
  [`search :features.npy ${png} --from :none`, "Check the path"],
  [`search :features.npy ${png} --sheet :sheet.jpg`, "ends in .png"],
  [`search :text.txt ${png}`, "embed the images again"],
  ["duplicates :none.npy", "There are no features"],
  ["duplicates :labelled", "There are no features"],
  ["duplicates :features.npy --threshold 2", "Expected a share"],
  [`knn ${from} --train :none --test :labelled`, "nothing there"],
  [`knn ${from} --train :labelled --test :none`, "nothing there"],
  [`knn ${from} --train :labelled/red --test :labelled`, "labelled images"],
  [`knn ${from} --train :labelled --test :other`, "other classes: violet"],
  [`knn --from :none ${sets}`, "Check the path"],
  [`knn ${from} ${sets} --out :report.txt`, "ends in .json"],
  [`knn ${from} ${sets} --out :text.txt/x.json`, "Something else has this name"],
  [`knn ${from} ${sets} --out :taken.json`, "taken.png. Choose another name, or add --overwrite"],
  [`knn ${from} --train= --test :labelled`, "--train: expected a path; found an empty text"],
  [`segment nearest ${from} --scenes=`, "--scenes: expected a path; found an empty text"],
  [`probe ${from} ${sets} --out :labelled/x.json`, "outside the images"],
  [`segment ${from} --scenes :none --out :features.json`, "add --overwrite"],
  [`knn ${from} ${sets} --labels-fraction 0`, "Expected a share"],
  [`probe ${from} ${sets} --epochs none`, "Expected a whole number"],
  [`probe --from :none ${sets}`, "Check the path"],
  [`segment ${from} --scenes :none`, "classes.txt"],
  [`segment nearest ${from} --scenes :labelled`, "classes.txt"],
  [`segment train ${from} --data :none --out :new`, "no such folder"],
  [`segment train ${from} --data :labelled --out :new`, "images with class masks"],
  [`segment train ${from} --out :new`, "--data <folder>"],
  ["segment evaluate :run", "a pre-trained encoder"],
  ["segment evaluate :encoder.safetensors", "no segmentation model"],
  ["segment evaluate :none", "Check the path"],
  ["segment evaluate :run --inference window", "slide, whole"],
  ["segment evaluate :run --split test", "training, validation"],
  [`segment predict :run ${png} --out :new`, "a pre-trained encoder"],
  ["segment predict :run :none.png --out :new", "nothing there"],
  [`detect train ${from} --data :none --out :new`, "no such folder"],
  [`detect train ${from} --data :labelled --out :new`, "objects marked"],
  [`detect train ${from} --out :new`, "--data <folder>"],
  ["detect evaluate :run", "a pre-trained encoder"],
  ["detect evaluate :encoder.safetensors", "no detector"],
  ["detect evaluate", "both --annotations and --results"],
  ["detect evaluate --annotations :text.txt", "both --annotations and --results"],
  ["detect evaluate :run --results :text.txt", "leave the run out"],
  [`detect predict :run ${png} --out :new`, "a pre-trained encoder"],
  [`detect predict :run ${png} --out :new --least-score 2`, "--least-score"],
  ["detect predict :run :none.png --out :new", "nothing there"],
  ["detect evaluate --annotations :none.json --results :text.txt", "There is no file"],
  ["detect evaluate --annotations :text.txt --results :text.txt", "not valid JSON"],
  [`finetune --from :none ${sets} --out :new`, "Check the path"],
  [`finetune ${from} --train :none --test :labelled --out :new`, "nothing there"],
  [`finetune ${from} ${sets} --out :run`, "already holds a run"],
  [`finetune ${from} ${sets} --out :labelled/run`, "outside the images"],
  [`finetune ${from} ${sets} --out :new --batch-size 4000`, "at most the 18 labelled images"],
  [`finetune ${from} ${sets} --out :new --set schedule.step=3`, "schedule.step"],
  [`classify :none ${png}`, "Check the path"],
  [`classify :empty ${png}`, "is not a run"],
  [`classify :run ${png}`, "a pre-trained encoder"],
  [`classify :encoder.safetensors ${png}`, "no fine-tuned classifier"],
  ["classify :run :none.png", "nothing there"],
  ["study :none.yaml --out :new", "none.yaml"],
  ["study :text.txt --out :new", "text.txt"],
  ["study report :none", "study.json"],
  ["study report :empty", "study.json"],
  ["study pack :empty --out :new", "study.json"],
  ["import :none.pth --out :new.safetensors", "There is no file or folder"],
  ["import :text.txt --out :new.safetensors", "neither a PyTorch file"],
  ["import :empty --out :new.safetensors", "config.json"],
  ["import :encoder.safetensors --out :new.safetensors", "a checkpoint of mixedae already"],
  ["import :weights.safetensors --out :new.safetensors --heads 5", "5 does not divide 12 channels"],
  ["export :none --format onnx --out :new.onnx", "There is no file or folder"],
  ["export :empty --format onnx --out :new.onnx", "is not a run"],
  ["export :encoder.safetensors --format onnx --out :new.onnx --image-size 9", "a multiple of the patches"],
  ["export :encoder.safetensors --format safetensors --out :encoder.safetensors", "as both"],
  ["data compose :none --out :new", "nothing there"],
  ["data compose :labelled --out :new", "cut-outs"],
  ["data compose :labelled --out :labelled/scenes", "outside the images"],
  ["data compose :labelled --out :new --labels :none.json", "none.json"],
  ["data compose :labelled --out :new --objects 4-1", "Expected a range"],
  ["frobnicate", "unknown command"],
])("%s: exit status 2", async (line, words) => {
  const { exitCode, err } = await run(line);
  expect(err).toContain(words);
  expect(err).not.toContain("bug in mixedae");
  expect(exitCode).toBe(2);
});

test.each([
  ["embed :labelled --from :run --threads 1", "embed/into/features.npy"],
  [`search :features.npy ${png} --threads 1 --sheet`, "search/into/sheet.png"],
  [`reconstruct :run ${png}`, "reconstruct/into/sheet.png"],
  ["export :run --format onnx", "export/into/encoder.onnx"],
  ["export :run --format huggingface", "export/into/folder"],
  ["import :weights.safetensors", "import/into/encoder.safetensors"],
  [`finetune ${from} ${sets} --threads 1 --steps 1`, "finetune/into/run"],
  ["pretrain :labelled --set schedule.steps=1 --method mae", "pretrain/into/run"],
])("%s --out: the folders of %s are made", async (line, out) => {
  const flag = line.startsWith("search") ? "" : " --out";
  expect(await run(`${line}${flag} :${out}`)).toMatchObject({ exitCode: 0, err: "" });
  expect(existsSync(at(...out.split("/")))).toBe(true);
});

test("--overwrite replaces a report and its picture, and folders are made for new ones", async () => {
  for (const out of [":taken.json --overwrite", ":some/where/report.json"]) {
    expect(await run(`knn ${from} ${sets} --threads 1 --out ${out}`)).toMatchObject({ exitCode: 0, err: "" });
  }
  for (const path of [at("taken.png"), at("some", "where", "report.png")]) {
    expect(statSync(path).size).toBeGreaterThan(100);
  }
});

test.each([
  ["embed :labelled --from :damaged --out :new.npy", "is intact"],
  ["embed :labelled --from :unborn --out :new.npy", "has no checkpoint yet"],
  ["resume :damaged", "is intact"],
])("%s: exit status 1", async (line, words) => {
  const { exitCode, err } = await run(line);
  expect(err).toContain(words);
  expect(exitCode).toBe(1);
});

test("none of them has left a file of its own", () => {
  for (const name of ["new.npy", "new.png", "new.safetensors", "new.onnx", "report.txt"]) {
    expect(existsSync(at(name)), name).toBe(false);
  }
});
