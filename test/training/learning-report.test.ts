// The words at the end of a run, from metrics as metrics.jsonl has them.
import { mkdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { resolveConfig } from "#src/config/config.js";
import { describeLearning, learningLines } from "#src/training/learning-report.js";
import { temporaryFolder } from "../files/temporary-folder.js";

const inFolder = temporaryFolder();
const config = resolveConfig([{ origin: "test", values: { source: "photos" } }]);
const started = { step: 900, reconstruction: 0.48, topkPrecision: [0.3, 0.9], contrastive: 3.1, featureSpread: 0.7 };

test("recognition that has started", () => {
  const lines = learningLines(config, { step: 1, reconstruction: 2.234 }, started);
  expect(lines).toEqual([
    "  reconstruction  error of hidden patches 2.23 at step 1, 0.48 at the end",
    "  recognition     attention to the own image, by block: 30%, 90%; chance is 25%",
    "  contrastive     3.1; 4.14 where all patches look alike to the model, 2.72 where their images are told apart for certain",
    "  Recognition has started: patches find the patches of their own image within the mixture.",
  ]);
});

test.each([
  ["contrastive loss at its idle value", { contrastive: 4.12 }],
  ["precision at chance", { topkPrecision: [0.3, 0.26] }],
  ["precision of a single block at chance", { topkPrecision: 0.25 }],
])("recognition that has not: %s", (_, change) => {
  expect(learningLines(config, started, { ...started, ...change }).join("\n")).toContain("has not started yet");
});

test("recognition that is too good to be true, where segment embeddings may tell", () => {
  const last = { ...started, contrastive: 2.8 };
  expect(learningLines(config, started, last).join("\n")).toMatch(/apart by their segment embeddings more likely/);
  // Where some groups or all have none, nothing can have leaked: it was learnt.
  for (const methodOptions of [{ segmentEmbedding: false }, { segmentShare: 0.5 }]) {
    const without = resolveConfig([{ origin: "test", values: { source: "photos", methodOptions } }]);
    expect(learningLines(without, started, last).join("\n")).not.toContain("segment embeddings");
    expect(learningLines(without, started, last).join("\n")).toContain("Recognition has started");
  }
});

test("without homologous attention the contrastive loss decides", () => {
  const { topkPrecision: _, ...rest } = started;
  expect(learningLines(config, rest, rest)).toContainEqual(expect.stringContaining("has started"));
});

test("features that all point the same way are a warning", () => {
  const lines = learningLines(config, started, { ...started, featureSpread: 0.004 });
  expect(lines.at(-1)).toContain("point the same way");
});

test("MAE has nothing to recognise", () => {
  const mae = resolveConfig([{ origin: "test", values: { source: "photos", method: "mae" } }]);
  const last = { step: 9, reconstruction: 0.6, featureSpread: 0.8 };
  expect(learningLines(mae, { step: 1, reconstruction: 1.2 }, last)).toHaveLength(1);
});

test("a run's last steps are averaged, half lines and long logs taken in stride", async () => {
  const lines = Array.from({ length: 2000 }, (_, index) =>
    JSON.stringify({
      step: index + 1,
      reconstruction: index < 1950 ? 2 : index % 2,
      contrastive: 3,
      featureSpread: 0.5,
    }),
  );
  mkdirSync(inFolder("run"));
  writeFileSync(inFolder("run/config.json"), JSON.stringify(config));
  writeFileSync(inFolder("run/metrics.jsonl"), `${lines.join("\n")}\n{"step":20`);
  expect(await describeLearning(inFolder("run"))).toContainEqual(
    "  reconstruction  error of hidden patches 2 at step 1, 0.5 at the end",
  );
});

test("a folder without steps has nothing to tell", async () => {
  expect(await describeLearning(inFolder("nothing"))).toEqual([]);
});

test("lines of another kind and out of order are passed over", async () => {
  const line = (step: number) => JSON.stringify({ step, reconstruction: 2, contrastive: 3, topkPrecision: [0.3, 0.9] });
  const lines = [line(1), line(3), '{"step":2,"reconstruction":"x"}', "[1]", '{"step":null}', "garbage", line(4)];
  mkdirSync(inFolder("run"));
  writeFileSync(inFolder("run/config.json"), JSON.stringify(config));
  writeFileSync(inFolder("run/metrics.jsonl"), `${lines.join("\n")}\n{"step":5,"topkPrecision":[0.1]}\n`);
  expect(await describeLearning(inFolder("run"))).toContainEqual(
    "  reconstruction  error of hidden patches 2 at step 1, unknown at the end",
  );
});
