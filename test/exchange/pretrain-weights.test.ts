// The whole way of released weights: a checkpoint of PyTorch's is imported, pre-trained further, and exported again.
import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { layerFromAssignments, resolveConfig } from "#src/config/config.js";
import { openBatches, openSource } from "#src/data/index.js";
import { exportWeights } from "#src/exchange/export-weights.js";
import { importWeights, readWeights } from "#src/exchange/import-weights.js";
import { evaluatePretext } from "#src/methods/pretext-evaluation.js";
import { methodOf } from "#src/methods/registry.js";
import { pretrain, withWeightsLayer } from "#src/training/index.js";
import { temporaryFolder } from "../files/temporary-folder.js";
import { pytorchMissing } from "../pytorch.js";
import { readMetrics, recordOptions, writeImages } from "../training/tiny-run.js";
import { decoderShape, makeWeightsFiles, sameBytes, shape, type WeightsFiles } from "./weights-files.js";

const heads = { heads: 3, decoderHeads: 2 };
const temporary = temporaryFolder();

describe.skipIf(pytorchMissing !== undefined)(`released weights${pytorchMissing ? ` (${pytorchMissing})` : ""}`, () => {
  let files: WeightsFiles;
  beforeAll(() => {
    files = makeWeightsFiles();
  });
  afterAll(() => rmSync(files.folder, { recursive: true }));

  const startFrom = async (name: string, ...assignments: readonly string[]) => {
    const source = await writeImages(temporary("images"));
    await importWeights(files.path(name), temporary("weights.safetensors"), heads);
    const keys = ["schedule.steps=1", "schedule.batchSize=8", "run.threads=1", "data.workers=1", "run.keep=2"];
    const given = [`source=${source}`, `weights=${temporary("weights.safetensors")}`, ...keys, ...assignments];
    const config = resolveConfig(await withWeightsLayer([layerFromAssignments(given)]));
    const options = recordOptions();
    await pretrain(config, temporary("run"), options);
    return { config, source, report: options.events.find((event) => event.type === "weights")! };
  };

  test("of MAE: the first loss is theirs, and what was not trained yet comes out bit for bit", async () => {
    const { config, source, report } = await startFrom("mae.pth", "method=mae");
    expect(config.model).toMatchObject({ ...shape, ...decoderShape });
    expect(report.matched).toHaveLength(files.model("mae").size);
    expect([report.resized, report.initialised, report.leftOut]).toEqual([[], [], []]);

    const { imageSize, patchSize } = config.model;
    const { batchSize } = config.schedule;
    const method = methodOf(config);
    const batches = await openBatches({
      source: await openSource(source),
      imageSize,
      batchSize,
      seed: config.seed,
      minimumSize: patchSize,
      views: method.views(config),
    });
    batches.start(1);
    const batch = await batches.next();
    const { images } = method.inputs(batch.views) as { images: Uint8Array };
    const { keep } = method.draw(config, batchSize, { seed: config.seed, step: 1, epoch: 0, firstImage: 0 });
    await batches.close();
    const { loss } = await evaluatePretext({
      shape: { ...shape, ...decoderShape },
      method: { name: "mae", options: { maskRatio: 0.75, normPixels: true } },
      parameters: Object.fromEntries(
        [...files.model("mae")].flatMap(([name, { data }]) => (name.endsWith("pos_embed") ? [] : [[name, data]])),
      ),
      images: normalised(images, imageSize as number, config.data),
      batch: batchSize,
      plan: keep as Int32Array,
    });
    const [step] = readMetrics(temporary("run"));
    expect(Math.abs((step!.loss as number) - loss) / loss).toBeLessThan(1e-5);

    const start = temporary("run/checkpoints/step-00000000.safetensors");
    await exportWeights(start, { format: "pytorch", out: temporary("again.pth") });
    const { tensors } = readWeights(temporary("again.pth"), heads);
    expect(new Set(tensors.keys())).toEqual(new Set(files.model("mae").keys()));
    for (const [name, { data }] of files.model("mae"))
      expect(sameBytes(tensors.get(name)!.data, data), name).toBe(true);
  });

  test("with learned positions: a run keeps them, and the position of CLS is in its token", async () => {
    const { report } = await startFrom("timm.pth", "method=mae", "model.preset=nano");
    expect(report.initialised).toContain("decoder_embed.weight");
    await exportWeights(temporary("run/checkpoints/step-00000000.safetensors"), {
      format: "timm",
      out: temporary("again.pth"),
    });
    const { tensors } = readWeights(temporary("again.pth"), heads);
    const theirs = files.model("teacher");
    const [before, after] = [theirs.get("pos_embed")!.data, tensors.get("pos_embed")!.data];
    const width = shape.width;
    expect(sameBytes(after.subarray(width), before.subarray(width))).toBe(true);
    expect(after.subarray(0, width).every((value) => value === 0)).toBe(true);
    const cls = theirs.get("cls_token")!.data.map((value, channel) => value + before[channel]!);
    expect(sameBytes(tensors.get("cls_token")!.data, cls)).toBe(true);
  });
});

/** [batch, size, size, 3] of bytes to [batch, 3, size, size], normalised as a configuration says. */
function normalised(
  images: Uint8Array,
  size: number,
  { mean, std }: { readonly mean: readonly number[]; readonly std: readonly number[] },
): Float32Array {
  const area = size * size;
  const result = new Float32Array(images.length);
  for (let i = 0; i < images.length; i++) {
    const [pixel, channel] = [Math.floor(i / 3), i % 3];
    const place = (Math.floor(pixel / area) * 3 + channel) * area + (pixel % area);
    result[place] = (images[i]! / 255 - mean[channel]!) / std[channel]!;
  }
  return result;
}
