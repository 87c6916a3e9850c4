// On a machine with hardly any memory left, what takes much is refused before it begins, and can be told to go on.
import { beforeAll, expect, test, vi } from "vitest";
import { layerFromAssignments } from "#src/config/config.js";
import { evaluateKnn, evaluateProbe, evaluateSegmentation, finetune } from "#src/evaluations/index.js";
import { MemoryError } from "#src/training/errors.js";
import { recordOptions } from "../training/tiny-run.js";
import { sharedFolder, silentProgress, writeColours, writeMaskedSet, writeTinyCheckpoint } from "./tiny-sets.js";

vi.mock("#src/engine/machine.js", async (original) => ({
  ...(await original<typeof import("#src/engine/machine.js")>()),
  measureMemory: () => ({ totalBytes: 2 ** 30, availableBytes: 500, limitBytes: null }),
}));

const at = sharedFolder();
let [train, test_, from] = ["", "", ""];
beforeAll(async () => {
  train = await writeColours(at("train"), 4);
  test_ = await writeColours(at("test"), 2, 1);
  from = await writeTinyCheckpoint(at("tiny.safetensors"));
  await writeMaskedSet(at("masked"));
});

test("fine-tuning", async () => {
  const request = (...assignments: string[]) => {
    const small = ["schedule.batchSize=6", "schedule.steps=1", "run.threads=1", "data.workers=1"];
    return {
      ...{ from, train, test: test_ },
      recipe: "small" as const,
      layers: [layerFromAssignments([...small, ...assignments])],
    };
  };
  const hooks = recordOptions();
  const refused = finetune(request(), at("refused"), hooks);
  await expect(refused).rejects.toThrow(MemoryError);
  await expect(refused).rejects.toThrow(
    /weights, gradients and optimizer state .*run\.memoryCheck=false .* skips this check/,
  );
  const { summary } = await finetune(request("run.memoryCheck=false"), at("run"), hooks);
  expect(summary.outcome).toBe("finished");
});

test("kNN, probe and segmentation", async () => {
  const sets = { from, train, test: test_, threads: 1 };
  const probe = { ...sets, pooling: "mean", augment: false, epochs: 1, batchSize: 6 } as const;
  const patches = { from, scenes: at("masked"), images: 4, queries: 2, neighbours: 3, threads: 1 };
  const evaluations = [
    (memoryCheck?: false) => evaluateKnn({ ...sets, ...(memoryCheck === false && { memoryCheck }) }, silentProgress()),
    (memoryCheck?: false) =>
      evaluateProbe({ ...probe, ...(memoryCheck === false && { memoryCheck }) }, silentProgress()),
    (memoryCheck?: false) =>
      evaluateSegmentation({ ...patches, ...(memoryCheck === false && { memoryCheck }) }, silentProgress()),
  ];
  for (const evaluate of evaluations) {
    await expect(evaluate()).rejects.toThrow(/^Expected a plan that fits .*; --no-memory-check skips this check$/);
    expect((await evaluate(false)).task).toMatch(/knn|probe|segmentation/);
  }
});
