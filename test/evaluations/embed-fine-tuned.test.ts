// The encoder of a fine-tuned classifier embeds images as its head sees them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { classify, embed, openFeatures, search } from "#src/evaluations/index.js";
import type { Pooling } from "#src/heads/features.js";
import { record } from "../cli/recording.js";
import { classNames, writeTinyClassifier } from "../exchange/tiny-classifier.js";
import { sharedFolder, silentProgress, writePatterns } from "./tiny-sets.js";

const at = sharedFolder();
let source: string;

beforeAll(async () => {
  source = await writePatterns(at("patterns"), 9);
});

describe.each<Pooling>(["mean", "cls"])("fine-tuned with pooling %s", (pooling) => {
  const run = at(`run-${pooling}`);
  const out = at(`${pooling}.npy`);

  test("embed's vectors, put through the head, are the probabilities of classify", async () => {
    const weights = await writeTinyClassifier(run, pooling);
    const summary = await embed({ source, split: "train", from: run, out, threads: 1 }, silentProgress());
    expect(summary).toMatchObject({ outcome: "finished", count: 8, skipped: 1, width: 12 });
    const files = openFeatures(out);
    expect(files.description).toMatchObject({ pooling, origin: `${run}, step 7` });
    const vectors = new Float32Array(8 * 12);
    files.vectors.read(0, 8, vectors);
    const lines = await files.lines([...Array(8).keys()]);
    files.close();
    const images = lines.map(({ name }) => join(source, name));
    const result = await classify({ classifier: run, images, top: classNames.length, threads: 1 });
    const [weight, bias] = ["weight", "bias"].map((name) => weights.get(`head.${name}`)!.data) as [
      Float32Array,
      Float32Array,
    ];
    for (const [row, { classes }] of result.images.entries()) {
      const powers = classNames.map((_, index) => {
        const products = Array.from({ length: 12 }, (_, k) => vectors[row * 12 + k]! * weight[index * 12 + k]!);
        return Math.exp(products.reduce((sum, each) => sum + each, bias[index]!));
      });
      const sum = powers.reduce((total, each) => total + each, 0);
      for (const { name, probability } of classes) {
        expect(powers[classNames.indexOf(name)]! / sum).toBeCloseTo(probability, 5);
      }
    }
  });

  test("search takes the same encoder, and none of other weights", async () => {
    const query = join(source, "0003.png");
    const [result] = await search({ features: out, queries: [query], top: 2, threads: 1 });
    expect(result!.matches[0]).toMatchObject({ name: "0003.png" });
    expect(result!.matches[0]!.similarity).toBeCloseTo(1, 5);
    const other = at(`other-${pooling}`);
    await writeTinyClassifier(other, pooling === "mean" ? "cls" : "mean");
    await expect(search({ features: out, queries: [query], top: 1, from: other, threads: 1 })).rejects.toThrow(
      /but found another one/,
    );
  });

  test("one of its checkpoints is as good as the run", async () => {
    const [name] = readdirSync(join(run, "checkpoints"));
    const from = join(run, "checkpoints", name!);
    const again = at(`again-${pooling}.npy`);
    await embed({ source, split: "train", from, out: again, threads: 1 }, silentProgress());
    expect(readFileSync(again)).toEqual(readFileSync(out));
  });
});

test("the CLS token of a run that learnt by the mean is refused, with what to do", async () => {
  const args = ["embed", source, "--from", at("run-mean"), "--out", at("never.npy"), "--pool", "cls"];
  const { err, exitCode } = await record(args);
  expect(err).toMatch(/Expected the mean of the patch tokens.*found --pool cls. Leave it out, or fine-tune with --set/);
  expect(exitCode).toBe(2);
});
