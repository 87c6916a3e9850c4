// DINO is iBOT without hidden patches and their loss: the same parameters but one, the same loss of crops.
import { expect, test } from "vitest";
import type { Arrays } from "#src/engine/index.js";
import { dinoTask } from "#src/methods/dino/task.js";
import { ibotTask } from "#src/methods/ibot/task.js";
import { dinoOptions, ibotOptions, normalization, shape, tinyMethods } from "../distillation/tiny-distillation.js";

const learningRate = 1e-3;

test("its parameters are iBOT's but the embedding that stands for hidden patches", () => {
  const namesOf = ({ parameters }: ReturnType<typeof dinoTask | typeof ibotTask>) => parameters.map(({ name }) => name);
  const ours = namesOf(dinoTask(shape, dinoOptions, 2, normalization));
  expect(ours).toEqual(
    namesOf(ibotTask(shape, ibotOptions, 2, normalization)).filter((name) => name !== "masked_embed"),
  );
  expect(ours).toContain("head.last_layer.weight_v");
});

test("where iBOT hides nothing, both have the same loss of crops", async () => {
  const [ibot, dino] = await Promise.all([tinyMethods[0].create(), tinyMethods[1].create()]);
  const batch = tinyMethods[0].batchOf(1);
  const [theirs, ours] = [
    await ibot.step({ ...batch, masks: batch.masks.fill(0) }, { step: 1, learningRate }),
    await dino.step(tinyMethods[1].batchOf(1), { step: 1, learningRate }),
  ];
  for (const name of ["cls", "teacherEntropy", "divergence", "clsCentreNorm", "featureSpread"]) {
    expect(ours.metrics[name], name).toBeCloseTo(theirs.metrics[name] as number, 5);
  }
  expect(ours.loss).toBe(ours.metrics.cls);
});

test("without local crops the two global ones are compared with each other", async () => {
  const { create, batchOf } = tinyMethods[1];
  const training = await create({ options: { localCrops: 0, dropPath: 0 } });
  const crops: Arrays = batchOf(1);
  const globals = { "global/0": crops["global/0"]!, "global/1": crops["global/1"]! };
  const { loss, updated } = await training.step(globals, { step: 1, learningRate });
  expect(updated).toBe(true);
  expect(loss).toBeGreaterThan(0);
});
