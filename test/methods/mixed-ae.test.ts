// MixedAE and naive mixing: what a reconstruction depends on, what the loss counts, and what each switch removes.
import { describe, expect, test } from "vitest";
import type { MixedAeOptions } from "#src/methods/mixed-ae-options.js";
import { mixedAeDefaults } from "#src/methods/mixed-ae-options.js";
import { createMethod, type MethodChoice } from "#src/methods/registry.js";
import { randomStream } from "#src/random/index.js";
import { distance } from "../nn/evaluate.js";
import {
  changePatches,
  directLoss,
  patchesPerImage,
  predictionOf,
  prepareMethod,
  tinyShape,
  type Values,
} from "./prepared-method.js";

const batch = 8;
const groupSize = 4;
const mixedAe = (options: Partial<MixedAeOptions> = {}): MethodChoice => ({
  name: "mixedae",
  options: { ...mixedAeDefaults, ...options },
});
const naive = (mode: "compose" | "full"): MethodChoice => ({
  name: "mixing",
  options: { mixingRatio: 0.25, mode, normPixels: true },
});

const methods: readonly (readonly [string, MethodChoice])[] = [
  ["MixedAE", mixedAe()],
  ["MixedAE, full", mixedAe({ mode: "full" })],
  ["naive mixing", naive("compose")],
  ["naive mixing, full", naive("full")],
];

/** Which image of the group the encoder saw at a patch, where `image` was decoded from. */
function sourceFor(choice: MethodChoice, { plan }: Values, image: number, patch: number): number {
  const drawn = plan[Math.floor(image / groupSize) * patchesPerImage + patch]!;
  const isFull = "mode" in choice.options && choice.options.mode === "full";
  return isFull ? (drawn + (image % groupSize)) % groupSize : drawn;
}

describe.each(methods)("%s", (_, choice) => {
  test("a reconstruction depends only on the mixed image that it is decoded from", async () => {
    const { start, reconstruct } = await prepareMethod(choice, batch);
    const { prediction } = await reconstruct(start);
    const decoded = 2;
    const unseen = (image: number, patch: number) =>
      Math.floor(image / groupSize) !== Math.floor(decoded / groupSize) ||
      sourceFor(choice, start, decoded, patch) !== image % groupSize;
    const elsewhere = (await reconstruct({ ...start, images: changePatches(start.images, unseen) })).prediction;
    expect(predictionOf(elsewhere, decoded, batch)).toEqual(predictionOf(prediction, decoded, batch));
    // Patches of other images in the same mixed image do matter: the encoder sees all of them.
    for (const other of [0, 1, 2, 3]) {
      const seen = (image: number, patch: number) => image === other && !unseen(image, patch);
      const changed = (await reconstruct({ ...start, images: changePatches(start.images, seen) })).prediction;
      expect(distance(predictionOf(changed, decoded, batch), predictionOf(prediction, decoded, batch))).toBeGreaterThan(
        1e-4,
      );
    }
  });

  test("the reconstruction loss counts the patches that an image did not supply", async () => {
    const { start, reconstruct, differentiate } = await prepareMethod(choice, batch);
    const { prediction } = await reconstruct(start);
    const wanted = directLoss(
      prediction,
      start.images,
      batch,
      (image, patch) => sourceFor(choice, start, image, patch) !== image % groupSize,
    );
    const { loss, metrics } = await differentiate(start);
    expect(metrics.reconstruction![0]).toBeCloseTo(wanted, 5);
    const contrastive = metrics.contrastive?.[0] ?? 0;
    expect(loss).toBeCloseTo(wanted + 0.1 * contrastive, 5);
  });

  test("pictures show what the encoder saw", async () => {
    const { method, start } = await prepareMethod(choice, batch);
    for (let image = 0; image < groupSize; image++) {
      const shown = method.shownPatches(start.plan.subarray(0, patchesPerImage), image);
      const wanted = Array.from({ length: patchesPerImage }, (_, patch) => sourceFor(choice, start, image, patch));
      expect([...shown]).toEqual(wanted);
    }
  });
});

describe("switches", () => {
  const namesOf = async (choice: MethodChoice) => {
    const { model } = await prepareMethod(choice, batch);
    return { parameters: model.parameters.map(({ name }) => name), metrics: Object.keys(model.metrics).sort() };
  };
  const head = ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"].map((name) => `contrastive_head.${name}`);

  test("the default adds segment embeddings to MAE's parameters, without weight decay", async () => {
    const mae = await namesOf({ name: "mae", options: { maskRatio: 0.75, normPixels: true } });
    const { parameters, metrics } = await namesOf(mixedAe());
    expect(parameters.filter((name) => !mae.parameters.includes(name))).toEqual(["segment_embed"]);
    expect(mae.parameters.filter((name) => !parameters.includes(name))).toEqual([]);
    expect(metrics).toEqual(["contrastive", "featureSpread", "reconstruction", "topkPrecision"]);
    const { model } = await prepareMethod(mixedAe({ decoderSegmentEmbedding: true }), batch);
    const segments = model.parameters.filter(({ name }) => name.includes("segment"));
    expect(segments.map(({ name, decay, tensor }) => [name, decay, tensor.shape])).toEqual([
      ["segment_embed", false, [4, 12]],
      ["decoder_segment_embed", false, [4, 8]],
    ]);
  });

  test("naive mixing has MAE's parameters and metrics and nothing else", async () => {
    const mae = await namesOf({ name: "mae", options: { maskRatio: 0.75, normPixels: true } });
    expect(await namesOf(naive("compose"))).toEqual(mae);
    const off = { homologousAttention: false, segmentEmbedding: false, contrastive: false };
    expect(await namesOf(mixedAe(off))).toEqual(mae);
  });

  test("with everything switched off MixedAE computes what naive mixing computes", async () => {
    const off = mixedAe({ homologousAttention: false, segmentEmbedding: false, contrastive: false });
    const [stripped, plain] = [await prepareMethod(off, batch), await prepareMethod(naive("compose"), batch)];
    expect(await stripped.differentiate(stripped.start)).toEqual(await plain.differentiate(plain.start));
  });

  test.each<[string, Partial<MixedAeOptions>, string[], string[]]>([
    ["homologous attention", { homologousAttention: false }, [], ["topkPrecision"]],
    ["the segment embedding", { segmentEmbedding: false }, ["segment_embed"], []],
    ["the contrastive loss", { contrastive: false }, [], ["contrastive"]],
  ])("without %s its parameters and metrics are gone", async (_, options, parameters, metrics) => {
    const [all, found] = [await namesOf(mixedAe()), await namesOf(mixedAe(options))];
    expect(all.parameters.filter((name) => !found.parameters.includes(name))).toEqual(parameters);
    expect(all.metrics.filter((name) => !found.metrics.includes(name))).toEqual(metrics);
  });

  test("the projection head is there only for a contrastive loss", async () => {
    const extra = async (options: Partial<MixedAeOptions>) => {
      const all = await namesOf(mixedAe());
      return (await namesOf(mixedAe(options))).parameters.filter((name) => !all.parameters.includes(name));
    };
    expect(await extra({ projectionHead: true })).toEqual(head);
    expect(await extra({ projectionHead: true, contrastive: false })).toEqual([]);
  });

  test("homologousFrom says in how many blocks precision is measured", async () => {
    for (const homologousFrom of [0, 1]) {
      const { start, differentiate } = await prepareMethod(mixedAe({ homologousFrom }), batch);
      const { metrics } = await differentiate(start);
      expect(metrics.topkPrecision).toHaveLength(2 - homologousFrom);
      for (const precision of metrics.topkPrecision!) {
        expect(precision).toBeGreaterThan(0.1);
        expect(precision).toBeLessThanOrEqual(1);
      }
    }
  });

  test("a contrastive weight of 0 leaves the reconstruction alone", async () => {
    const { start, differentiate } = await prepareMethod(mixedAe({ contrastiveWeight: 0 }), batch);
    const { loss, metrics } = await differentiate(start);
    expect(loss).toBe(metrics.reconstruction![0]);
  });
});

describe("segment embeddings in some groups", () => {
  /** The share of 400 groups that has them in a step. */
  const shareIn = (options: Partial<MixedAeOptions>, step: number) => {
    const method = createMethod(mixedAe(options), tinyShape);
    const rows = Array.from({ length: 400 }, (_, row) => method.drawPlanRow(randomStream(3, "plan", 0, row), step));
    return rows.filter((row) => row[patchesPerImage] === 1).length / rows.length;
  };

  test("their share falls in a straight line to none", () => {
    const options = { segmentSteps: 100 };
    expect(shareIn(options, 1)).toBe(1);
    expect(Math.abs(shareIn(options, 51) - 0.5)).toBeLessThan(0.1);
    expect(Math.abs(shareIn({ ...options, segmentShare: 0.4 }, 51) - 0.2)).toBeLessThan(0.08);
    for (const step of [101, 102, 10_000, Number.POSITIVE_INFINITY]) expect(shareIn(options, step)).toBe(0);
  });

  test("the groups that keep them are among those that had them before, so that draws stay the same", () => {
    const method = createMethod(mixedAe({ segmentSteps: 100 }), tinyShape);
    for (let row = 0; row < 50; row++) {
      const [before, after] = [20, 70].map((step) => method.drawPlanRow(randomStream(3, "plan", 0, row), step));
      expect(after!.subarray(0, patchesPerImage)).toEqual(before!.subarray(0, patchesPerImage));
      expect(after![patchesPerImage]).toBeLessThanOrEqual(before![patchesPerImage]!);
    }
  });
});

describe("segment embeddings for the first blocks", () => {
  test("without the attention of other patches, what is subtracted leaves nothing in the sum", async () => {
    // Blocks that add nothing: their projections are zero. Then the encoder's output does not depend on the segments.
    const silent = async (options: Partial<MixedAeOptions>) => {
      const { start, reconstruct } = await prepareMethod(mixedAe({ contrastive: false, ...options }), batch);
      const isProjection = (name: string) => /^blocks\.\d+\.(attn\.proj|mlp\.fc2)\./.test(name);
      const weights = Object.fromEntries(
        Object.entries(start.weights).map(([name, values]) => [
          name,
          isProjection(name) ? values.map(() => 0) : values,
        ]),
      );
      return (await reconstruct({ ...start, weights })).prediction;
    };
    const none = await silent({ segmentEmbedding: false });
    const kept = await silent({});
    const removed = await silent({ segmentBlocks: 1 });
    expect(distance(removed, none)).toBeLessThan(1e-5);
    expect(distance(kept, none)).toBeGreaterThan(1e-3);
  });
});
