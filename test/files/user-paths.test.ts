// Every door through which a path comes in: a pipe, a device or a folder behind it is named, and never waited for.

import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { layerFromFile } from "#src/config/config.js";
import { openSource } from "#src/data/index.js";
import { openFeatures } from "#src/evaluations/feature-files.js";
import { readReport, reportMetrics } from "#src/evaluations/report.js";
import { openWeights } from "#src/exchange/weights-source.js";
import { openCutouts } from "#src/scenes/cutouts.js";
import { readJobRecord } from "#src/study/job-record.js";
import { readPackedResults } from "#src/study/packed-results.js";
import { readStudy } from "#src/study/recipe.js";
import { readPlan } from "#src/study/study-plan.js";
import { readCheckpoint } from "#src/training/checkpoint-file.js";
import { readMetrics } from "#src/training/metrics-file.js";
import { loadPretrained } from "#src/training/pretrained.js";
import { patternFiles, writeFiles } from "../data/image-files.js";
import { hasSpecialFiles, makePipe } from "./special-files.js";
import { takeLock } from "./take-lock.js";
import { temporaryFolder } from "./temporary-folder.js";

const at = temporaryFolder();

/** By what is read: the name of the file that is something else, and how it is opened. */
const doors: Readonly<Record<string, readonly [name: string, open: (path: string) => unknown]>> = {
  "a checkpoint": ["step.safetensors", readCheckpoint],
  "the checkpoint of an encoder": ["step.safetensors", (path) => loadPretrained(path)],
  "a run's configuration": ["run/config.json", (path) => loadPretrained(dirname(path))],
  "a run's lock": ["run/lock", (path) => takeLock(path)],
  "a run's metrics": ["run/metrics.jsonl", readMetrics],
  "a configuration": ["own.yaml", layerFromFile],
  "a recipe": ["study.yaml", (path) => readStudy(path)],
  "a study": ["study/study.json", (path) => readPlan(dirname(path))],
  "a job": ["job/job.json", (path) => readJobRecord(dirname(path))],
  "the results of a pack": ["study/results.jsonl.gz", (path) => readPackedResults(dirname(path))],
  "a report": ["report.json", (path) => readReport(path, reportMetrics("top1"))],
  "a PyTorch file": ["weights.pth", (path) => openWeights(path)],
  "a Hugging Face configuration": ["vit/config.json", (path) => openWeights(dirname(path))],
  "what features are of": ["features.json", () => openFeatures(at("features.npy"))],
  "an archive": ["images.tar", (path) => openSource(path)],
  "one archive of several": ["images.tar", (path) => openSource([path])],
  "an IDX file": ["train-images-idx3-ubyte", (path) => openSource(path)],
  "labels of cut-outs": [
    "labels.json",
    async (labels) => {
      const folder = writeFiles(at("cutouts"), await patternFiles(1));
      return openCutouts({ folder, labels, seed: 1, validationShare: 0.2 });
    },
  ],
};

const kinds: Readonly<Record<string, readonly [make: (path: string) => unknown, found: RegExp]>> = {
  "a pipe": [makePipe, /found a pipe/],
  "a device": [(path) => symlinkSync("/dev/zero", path), /found a device/],
};

const cases = Object.entries(doors).flatMap(([door, [name, open]]) =>
  Object.entries(kinds).map(([kind, [make, found]]) => ({ door, kind, name, open, make, found })),
);

test.skipIf(!hasSpecialFiles).each(cases)("$kind in place of $door", async ({ name, open, make, found }) => {
  mkdirSync(dirname(at(name)), { recursive: true });
  make(at(name));
  await expect((async () => open(at(name)))()).rejects.toThrow(found);
});

test.each([
  ["a run's configuration", "run/config.json", (path: string) => loadPretrained(dirname(path))],
  ["a configuration", "own.yaml", layerFromFile],
  ["a recipe", "study.yaml", (path: string) => readStudy(path)],
  ["a report", "report.json", (path: string) => readReport(path, reportMetrics("top1"))],
])("%s of gigabytes is refused before it is read", async (_, name, open) => {
  mkdirSync(dirname(at(name)), { recursive: true });
  writeFileSync(at(name), "");
  truncateSync(at(name), 2 ** 42);
  await expect((async () => open(at(name)))()).rejects.toThrow(/a file of at most \d+ MiB; found 4,194,304 MiB/);
});
