// The pretext task on held-out images, beside the same computed step by step.
import { beforeAll, describe, expect, test } from "vitest";
import { openSource, readImages } from "#src/data/index.js";
import { evaluateReconstruction } from "#src/evaluations/index.js";
import { drawPlan } from "#src/methods/plan.js";
import { evaluatePretext } from "#src/methods/pretext-evaluation.js";
import type { MethodChoice } from "#src/methods/registry.js";
import { randomStream } from "#src/random/index.js";
import { pretrain } from "#src/training/pretrain.js";
import { openReconstructingRun } from "#src/training/reconstruct.js";
import { writeFiles } from "../data/image-files.js";
import { recordOptions, sharedFolder, tinyConfig, tinyIbotConfig, writeImages } from "../training/tiny-run.js";
import { silentProgress } from "./tiny-sets.js";

const at = sharedFolder();

beforeAll(async () => {
  await writeImages(at("images"));
  await pretrain(tinyConfig(at("images"), "schedule.steps=2"), at("mixedae"), recordOptions());
  await pretrain(tinyConfig(at("images"), "schedule.steps=2", "method=mae"), at("mae"), recordOptions());
  await pretrain(tinyIbotConfig(at("images"), "schedule.steps=2"), at("ibot"), recordOptions());
});

/** Images [batch, 3, height, width] as the model sees them. */
function normalised(pixels: readonly Uint8Array[], { mean, std }: { mean: readonly number[]; std: readonly number[] }) {
  const area = pixels[0]!.length / 3;
  return Float32Array.from({ length: pixels.length * 3 * area }, (_, place) => {
    const [image, channel] = [Math.floor(place / (3 * area)), Math.floor(place / area) % 3];
    return (pixels[image]![(place % area) * 3 + channel]! / 255 - mean[channel]!) / std[channel]!;
  });
}

describe("reconstruction of held-out images", () => {
  test.each(["mixedae", "mae"])("of %s is the mean over batches drawn from the seed", async (name) => {
    const request = { run: at(name), test: at("images"), images: 30, seed: 5, threads: 1 };
    const report = await evaluateReconstruction(request, silentProgress());
    const { config, task, weights } = await openReconstructingRun(at(name));
    const source = await openSource(at("images"), { split: "test" });
    // 30 of the 40 images: one batch, as large as the groups of four allow.
    const batch = name === "mixedae" ? 28 : 30;
    expect(report.test.images).toBe(batch);
    const indices = randomStream(5, "held-out images", 0, 0).permutation(source.count).subarray(0, batch);
    const read = await readImages({ source, indices }, { imageSize: 16 });
    const found = await evaluatePretext({
      shape: config.model,
      method: { name: config.method, options: config.methodOptions } as MethodChoice,
      parameters: weights as Record<string, Float32Array>,
      images: normalised(
        read.map(({ pixels }) => pixels),
        config.data,
      ),
      batch,
      plan: drawPlan(task, batch / task.groupSize, {
        seed: 5,
        stream: "held-out plan",
        step: 1,
        epoch: 0,
        firstGroup: 0,
      }),
    });
    expect(report.detail.reconstruction).toBeCloseTo(found.metrics.reconstruction![0]!, 5);
    expect(await evaluateReconstruction(request, silentProgress())).toEqual(report);
  });

  test("names unreadable images and goes on without them", async () => {
    await writeImages(at("some"), 70);
    await writeFiles(at("some"), { "broken.png": "no image" });
    const lines: string[] = [];
    const request = { run: at("mixedae"), test: at("some"), images: 1000, threads: 1 };
    expect((await evaluateReconstruction(request, silentProgress(lines))).test.images).toBe(64);
    expect(lines.join("")).toContain("Skipped broken.png");
  });

  test("a run that reconstructs nothing, and too few images, are refused", async () => {
    const request = { test: at("images"), images: 30, threads: 1 };
    await expect(evaluateReconstruction({ ...request, run: at("ibot") }, silentProgress())).rejects.toThrow(/ibot/);
    const few = { ...request, run: at("mixedae"), images: 3 };
    await expect(evaluateReconstruction(few, silentProgress())).rejects.toThrow(/at least 4 held-out images/);
  });
});
