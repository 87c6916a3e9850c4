// MAE: what the encoder sees, what is predicted, and what the loss counts.
import { expect, test } from "vitest";
import { drawPlan } from "#src/methods/plan.js";
import { createMethod } from "#src/methods/registry.js";
import { modelPresets } from "#src/nn/presets.js";
import { randomStream } from "#src/random/index.js";
import { distance } from "../nn/evaluate.js";
import {
  changePatches,
  directLoss,
  patchesPerImage,
  predictionOf,
  prepareMethod,
  type Values,
} from "./prepared-method.js";

const batch = 3;
const choice = { name: "mae", options: { maskRatio: 0.75, normPixels: true } } as const;

function isKept({ plan }: Values, image: number, patch: number): boolean {
  const kept = plan.length / batch;
  return plan.subarray(image * kept, (image + 1) * kept).includes(patch);
}

test("the prediction does not depend on hidden patches, but on every patch that is kept", async () => {
  const { start, reconstruct } = await prepareMethod(choice, batch);
  const { prediction } = await reconstruct(start);
  const elsewhere = changePatches(start.images, (image, patch) => !isKept(start, image, patch));
  expect((await reconstruct({ ...start, images: elsewhere })).prediction).toEqual(prediction);
  for (const patch of start.plan.subarray(0, 4)) {
    const images = changePatches(start.images, (image, at) => image === 0 && at === patch);
    const other = (await reconstruct({ ...start, images })).prediction;
    expect(distance(predictionOf(other, 0, batch), predictionOf(prediction, 0, batch))).toBeGreaterThan(1e-3);
    // Images do not mix.
    for (const image of [1, 2]) {
      expect(predictionOf(other, image, batch)).toEqual(predictionOf(prediction, image, batch));
    }
  }
});

test("the order in which patches are kept does not matter", async () => {
  const { start, reconstruct } = await prepareMethod(choice, batch);
  const { loss, prediction } = await reconstruct(start);
  const kept = start.plan.length / batch;
  const rows = [0, 1, 2].flatMap((row) => [...start.plan.subarray(row * kept, (row + 1) * kept)].reverse());
  const other = await reconstruct({ ...start, plan: Int32Array.from(rows) });
  expect(distance(other.prediction, prediction)).toBeLessThan(1e-5);
  expect(other.loss).toBeCloseTo(loss, 5);
});

test("the loss is that of the hidden patches, with gradients of zero where nothing depends on them", async () => {
  const { start, reconstruct, differentiate } = await prepareMethod(choice, batch);
  const { loss, prediction } = await reconstruct(start);
  const wanted = directLoss(prediction, start.images, batch, (image, patch) => !isKept(start, image, patch));
  expect(loss).toBeCloseTo(wanted, 5);
  const { metrics, gradients } = await differentiate(start);
  expect(metrics.reconstruction![0]).toBeCloseTo(loss, 5);
  expect(Object.keys(metrics).sort()).toEqual(["featureSpread", "reconstruction"]);
  for (const [name, gradient] of Object.entries(gradients)) {
    expect(
      gradient.some((value) => value !== 0),
      name,
    ).toBe(true);
  }
});

test("a plan names int(L (1 - maskRatio)) different patches, each equally often", () => {
  const methodOf = (maskRatio: number) =>
    createMethod({ ...choice, options: { maskRatio, normPixels: true } }, modelPresets.micro);
  for (const [maskRatio, kept] of [
    [0.75, 16],
    [0.9, 6],
    [0.5, 32],
    [0.6, 25],
  ] as const) {
    expect(methodOf(maskRatio).planColumns, `${maskRatio}`).toBe(kept);
  }
  const method = methodOf(0.75);
  const [draws, counts] = [3000, new Float64Array(64)];
  for (let draw = 0; draw < draws; draw++) {
    const row = method.drawPlanRow(randomStream(2, "plan", 0, draw), 1);
    expect(new Set(row).size).toBe(16);
    for (const patch of row) counts[patch]! += 1;
  }
  const spread = 4.5 * Math.sqrt(draws * 0.25 * 0.75);
  for (const count of counts) expect(Math.abs(count - draws / 4)).toBeLessThan(spread);
});

test("shown patches are those that are kept", async () => {
  const { method, start } = await prepareMethod(choice, batch);
  const shown = method.shownPatches(start.plan.subarray(0, 4), 0);
  expect([...shown]).toEqual(Array.from({ length: patchesPerImage }, (_, patch) => (isKept(start, 0, patch) ? 0 : -1)));
});

test("the plan of a group does not depend on the batch that it is drawn in", () => {
  for (const name of ["mae", "mixing"] as const) {
    const method =
      name === "mae"
        ? createMethod(choice, modelPresets.micro)
        : createMethod({ name, options: { mixingRatio: 0.25, mode: "compose", normPixels: true } }, modelPresets.micro);
    const position = { seed: 4, stream: "plan", step: 1, epoch: 3 };
    const whole = drawPlan(method, 6, { ...position, firstGroup: 10 });
    const parts = [
      drawPlan(method, 4, { ...position, firstGroup: 10 }),
      drawPlan(method, 2, { ...position, firstGroup: 14 }),
    ];
    expect(whole).toEqual(Int32Array.from(parts.flatMap((part) => [...part])));
    expect(whole).toEqual(drawPlan(method, 6, { ...position, firstGroup: 10 }));
    for (const other of [{ seed: 5 }, { epoch: 4 }, { stream: "pictures" }]) {
      expect(drawPlan(method, 6, { ...position, firstGroup: 10, ...other })).not.toEqual(whole);
    }
  }
});
