// kNN during pre-training: the metrics are those of mixedae knn, and the training does not notice.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { openEngine } from "#src/engine/index.js";
import { createKnnEvaluator, evaluateKnn } from "#src/evaluations/index.js";
import { pretrain, resume } from "#src/training/index.js";
import { expectSameMetrics, readMetrics, recordOptions, tinyConfig, writeImages } from "../training/tiny-run.js";
import { sharedFolder, silentProgress, writeColours } from "./tiny-sets.js";

const at = sharedFolder();
let [source, labelled] = ["", ""];
const hooks = (stopAfter?: number) => ({ ...recordOptions(stopAfter), createEvaluator: createKnnEvaluator });
const watched = (...assignments: readonly string[]) =>
  tinyConfig(source, `evaluation.source=${labelled}`, "evaluation.every=4", ...assignments);

/** Grey images of 16 x 16 in three classes of brightness, in parts of so many. */
function writeIdx(folder: string, parts: Readonly<Record<string, number>>): string {
  mkdirSync(folder);
  const header = (...sizes: readonly number[]) => {
    const bytes = Buffer.alloc(4 + 4 * sizes.length);
    bytes.set([0, 0, 8, sizes.length]);
    for (const [place, size] of sizes.entries()) bytes.writeUInt32BE(size, 4 + 4 * place);
    return bytes;
  };
  for (const [part, count] of Object.entries(parts)) {
    const labels = Uint8Array.from({ length: count }, (_, image) => image % 3);
    const pixels = Uint8Array.from({ length: count * 256 }, (_, i) => 60 * labels[i >> 8]! + ((i * 31) % 97));
    writeFileSync(join(folder, `${part}-images-idx3-ubyte`), Buffer.concat([header(count, 16, 16), pixels]));
    writeFileSync(join(folder, `${part}-labels-idx1-ubyte`), Buffer.concat([header(count), labels]));
  }
  return folder;
}

beforeAll(async () => {
  source = await writeImages(at("images"));
  labelled = await writeColours(at("labelled"), 14);
  await pretrain(watched(), at("watched"), hooks());
});

test("comes after the first step, each so many, and the last, and leaves the training as it was", async () => {
  const lines = readMetrics(at("watched"));
  expect(lines.filter(({ knnTop1 }) => knnTop1 !== undefined).map(({ step }) => step)).toEqual([1, 4, 8, 10]);
  for (const { knnTop1, knnTop1Cls } of lines.filter((line) => line.knnTop1 !== undefined)) {
    expect(knnTop1).toBeGreaterThan(0.5);
    expect(knnTop1Cls).toBeGreaterThanOrEqual(0);
  }
  await pretrain(tinyConfig(source), at("plain"), recordOptions());
  const without = lines.map(({ knnTop1, knnTop1Cls, ...line }) => line);
  expectSameMetrics(without as never, readMetrics(at("plain")), 0);
  const weights = (run: string) => readFileSync(join(at(run), "checkpoints", "step-00000010.safetensors"));
  // Configurations differ in their text, so that only what comes after the header is compared.
  const tail = (bytes: Buffer) => bytes.subarray(bytes.length - 40_000);
  expect(tail(weights("watched")).equals(tail(weights("plain")))).toBe(true);
});

test("gives a resumed run the same metrics", async () => {
  await pretrain(watched(), at("parts"), hooks(5));
  await resume(at("parts"), hooks());
  expectSameMetrics(readMetrics(at("parts")), readMetrics(at("watched")), 0);
});

/** Every weight as it is initialised. */
const untrained = { engine: openEngine({ threads: 1 }), weights: {} };

test("divides a set into images that vote and images that ask, of every class alike", async () => {
  const config = watched();
  const evaluation = { ...config.evaluation, images: 18, queries: 9 };
  const { description } = await createKnnEvaluator({ ...config, evaluation }, untrained);
  expect(description).toBe("kNN of 9 images by 18, 3 classes");
  const all = await createKnnEvaluator(config, untrained);
  expect(all.description).toBe("kNN of 15 images by 27, 3 classes");
});

test("takes the test part of an IDX folder where it has one, and is then exactly mixedae knn", async () => {
  const folder = writeIdx(at("idx"), { train: 30, t10k: 12 });
  await pretrain(tinyConfig(folder, `evaluation.source=${folder}`, "data.workers=1"), at("on-idx"), hooks());
  const last = readMetrics(at("on-idx")).at(-1)!;
  const request = { from: at("on-idx"), train: folder, test: folder, threads: 1 };
  const { scores } = await evaluateKnn(request, silentProgress());
  const top1 = (wanted: string) => scores.find(({ pooling, k }) => pooling === wanted && k === 20)!.top1;
  expect([last.knnTop1, last.knnTop1Cls]).toEqual([top1("mean"), top1("cls")]);
});

test("is refused before training where there are no labels, or nothing to evaluate with", async () => {
  const unlabelled = tinyConfig(source, `evaluation.source=${source}`);
  await expect(pretrain(unlabelled, at("unlabelled"), hooks())).rejects.toThrow(/expected labelled images at/i);
  await expect(pretrain(watched(), at("unable"), recordOptions())).rejects.toThrow(/nothing to evaluate with/);
  expect(readMetrics(at("unlabelled"))).toEqual([]);
});
