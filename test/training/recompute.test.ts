// Every method learns the same, to the last bit, where it computes its blocks twice.
import { beforeAll, expect, test } from "vitest";
import type { PretrainConfig } from "#src/config/config.js";
import { methodNames } from "#src/methods/registry.js";
import { pretrain } from "#src/training/index.js";
import { planMemory } from "#src/training/planned-memory.js";
import { readMetrics, sharedFolder, tinyConfig, tinyDistillationConfig, writeImages } from "./tiny-run.js";

const at = sharedFolder();
const source = at("images");

beforeAll(async () => {
  await writeImages(source);
});

function configOf(method: string, ...assignments: string[]): PretrainConfig {
  return method === "ibot" || method === "dino"
    ? tinyDistillationConfig(method, source, ...assignments)
    : tinyConfig(source, `method=${method}`, ...assignments);
}

test.each(methodNames)("%s", async (method) => {
  const settings = ["model.depth=3", "schedule.steps=3", "schedule.microBatch=4"];
  const [kept, again] = [configOf(method, ...settings), configOf(method, ...settings, "run.recompute=true")];
  const folders = [at(`${method}-kept`), at(`${method}-again`)] as const;
  await pretrain(kept, folders[0]);
  await pretrain(again, folders[1]);
  const learnt = folders.map((folder) => readMetrics(folder).map(({ loss, gradientNorm }) => ({ loss, gradientNorm })));
  expect(learnt[0]).toHaveLength(3);
  expect(learnt[1]).toEqual(learnt[0]);

  const check = { enabled: false, switchOff: "", warn: () => {} };
  const bytes = (config: PretrainConfig) =>
    planMemory(config, { batchBytes: 0, imageBytes: 0 }, check).find(({ name }) => name.startsWith("computing"))!.bytes;
  expect(bytes(again)).toBeLessThan(bytes(kept));
});
