// Images of one, four and five channels all the way: pre-trained on, embedded, found again, evaluated, classified.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { layerFromAssignments } from "#src/config/config.js";
import { InferenceSession } from "#src/engine/onnxruntime/node.js";
import {
  classify,
  embed,
  evaluateKnn,
  evaluateProbe,
  evaluateRecognition,
  evaluateReconstruction,
  findDuplicates,
  finetune,
  loadClassifier,
  loadEncoder,
  search,
} from "#src/evaluations/index.js";
import { exportWeights } from "#src/exchange/export-weights.js";
import { readNpy } from "#src/formats/npy.js";
import { channelsOf } from "#src/nn/presets.js";
import { pretrain, reconstruct } from "#src/training/index.js";
import { loadPretrained } from "#src/training/pretrained.js";
import { readRunConfig } from "#src/training/run-config.js";
import { temporaryFolder, writeFiles } from "../data/image-files.js";
import { npyFile } from "../data/npy-arrays.js";
import {
  expectSameMetrics,
  readMetrics,
  recordOptions,
  tinyConfig,
  tinyDistillationConfig,
  writeImages,
} from "../training/tiny-run.js";
import { sharedFolder } from "./tiny-sets.js";

const at = sharedFolder();
const SIDE = 16;

/** Two classes of images that differ in which channel is bright alone: noise of one mean in all the others. */
async function writeClasses(folder: string, channels: number, count = 12): Promise<string> {
  const files: Record<string, Uint8Array> = {};
  for (const [label, name] of ["first", "last"].entries()) {
    for (let index = 0; index < count; index++) {
      const bright = label === 0 ? 0 : channels - 1;
      const pixels = Uint8Array.from({ length: SIDE * SIDE * channels }, (_, place) => {
        const noise = (place * 7919 + index * 104729) % 60;
        // One channel has no others to tell it from: its classes are dark and bright.
        return (channels === 1 ? label === 1 : place % channels === bright) ? 180 + noise : 20 + noise;
      });
      if (channels === 4) {
        files[`${name}/${index}.png`] = await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels } })
          .png()
          .toBuffer();
      } else {
        files[`${name}/${index}.npy`] = npyFile("uint8", [SIDE, SIDE, channels], pixels);
      }
    }
  }
  return writeFiles(folder, files);
}

describe.each([1, 4, 5])("%i channels", (channels) => {
  const folder = (...names: string[]) => at(String(channels), ...names);
  const run = folder("run");
  const set = folder("set");
  const image = (label: string, index: number) => join(set, label, `${index}.${channels === 4 ? "png" : "npy"}`);

  beforeAll(async () => {
    await writeClasses(set, channels);
    const config = tinyConfig(set, `model.channels=${channels}`, "methodOptions.homologousFrom=1");
    await pretrain(config, run, recordOptions());
  });

  test("a run learns from them, with their mean and deviation, and a model of their shape", async () => {
    for (const { loss } of readMetrics(run)) expect(Number.isFinite(loss)).toBe(true);
    const { model, data } = readRunConfig(run);
    expect(model.channels).toBe(channels);
    expect([data.mean.length, data.std.length]).toEqual([channels, channels]);
    const { shape, tensors, normalization } = await loadPretrained(run);
    expect(channelsOf(shape)).toBe(channels);
    expect(normalization).toEqual({ mean: data.mean, std: data.std });
    expect(tensors.get("patch_embed.proj.weight")!.shape).toEqual([16, channels, 4, 4]);
    expect(tensors.get("decoder_pred.weight")!.shape).toEqual([16 * channels, 8]);
  });

  test("pictures of reconstructions are drawn, of the run and of others", async () => {
    expect(readdirSync(join(run, "pictures"))).toEqual(["step-00000010.png"]);
    const images = [0, 1, 2, 3].map((index) => image("first", index));
    await reconstruct(run, images, folder("others.png"));
    expect((await sharp(folder("others.png")).metadata()).format).toBe("png");
  });

  test("embedding, search and evaluations see what tells them apart", async () => {
    const out = folder("features.npy");
    await embed({ source: set, split: "train", from: run, out, pooling: "mean", threads: 1 });
    expect(readNpy(readFileSync(out)).shape).toEqual([24, 16]);
    const query = image("last", 3);
    const request = { features: out, queries: [query], top: 2, threads: 1, sheet: folder("sheet.png") };
    const [{ matches } = { matches: [] }] = await search(request);
    expect(matches[0]!.name).toBe(`last/3.${channels === 4 ? "png" : "npy"}`);
    expect((await sharp(folder("sheet.png")).metadata()).format).toBe("png");

    const encoder = await loadEncoder(run, { threads: 1 });
    const row = readNpy(readFileSync(out)).data.subarray(0, 16);
    expect([...(await encoder.embed(readFileSync(image("first", 0))))]).toEqual([...row]);
    const groups = await findDuplicates({ features: out, threshold: -1, threads: 1, sheet: folder("duplicates.png") });
    expect(groups.length).toBeGreaterThan(0);
    expect((await sharp(folder("duplicates.png")).metadata()).format).toBe("png");

    const knn = await evaluateKnn({ from: run, train: set, test: set, threads: 1 });
    expect(knn.task).toBe("knn");
    const probe = { pooling: "mean", augment: true, epochs: 2, batchSize: 12, threads: 1 } as const;
    expect((await evaluateProbe({ from: run, train: set, test: set, ...probe })).task).toBe("probe");
    const heldOut = { test: set, images: 8, threads: 1 };
    const { detail } = await evaluateReconstruction({ run, ...heldOut });
    expect(Number.isFinite(detail.reconstruction)).toBe(true);
    expect((await evaluateRecognition({ from: run, ...heldOut })).detail.homologous).toBeGreaterThan(0);
  });

  test("a classifier learns them and names files", async () => {
    const layers = [
      layerFromAssignments([
        "schedule.steps=60",
        "schedule.batchSize=12",
        "schedule.learningRate=0.01",
        "run.threads=1",
        "data.workers=1",
      ]),
    ];
    const request = { from: run, train: set, test: set, recipe: "mae", layers } as const;
    const { report } = await finetune(request, folder("classes"), recordOptions());
    expect(report!.detail.top1).toBe(1);
    const { images } = await classify({
      classifier: folder("classes"),
      images: [image("first", 0), image("last", 0)],
      top: 1,
      threads: 1,
    });
    expect(images.map(({ classes }) => classes[0]!.name)).toEqual(["first", "last"]);
    const found = await classify({ classifier: folder("classes"), images: [join(set, "last")], top: 1, threads: 1 });
    expect(found.images.map(({ classes }) => classes[0]!.name)).toEqual(new Array(12).fill("last"));
    const classifier = await loadClassifier(folder("classes"), { threads: 1 });
    expect((await classifier.classify(image("first", 1)))[0]!.name).toBe("first");

    const out = folder("classes.onnx");
    const { difference } = await exportWeights(folder("classes"), { format: "onnx", out });
    expect(difference).toBeLessThan(1e-4);
    const session = await InferenceSession.create(out);
    expect(session.inputMetadata[0]).toMatchObject({ name: "pixel_values", shape: ["batch", channels, 16, 16] });
    await session.release();
  });
});

test("what fine-tuning does not do with grey images is refused in words", async () => {
  const layers = [
    layerFromAssignments(["augmentation.randAugment={operations: 2, magnitude: 9, magnitudeDeviation: 0.5}"]),
  ];
  const set = at("1", "set");
  const request = { from: at("1", "run"), train: set, test: set, recipe: "small", layers } as const;
  await expect(finetune(request, at("refused"), recordOptions())).rejects.toThrow(
    "augmentation.randAugment: expected none for images of 1 channel, which have no colours",
  );
});

test.each([1, 4])("a method with a teacher learns from crops of %i channels with its defaults", async (channels) => {
  const set = await writeClasses(temporaryFolder(), channels);
  const config = tinyDistillationConfig("dino", set, `model.channels=${channels}`, "schedule.steps=2");
  await pretrain(config, at(`dino-${channels}`), recordOptions());
  for (const { loss } of readMetrics(at(`dino-${channels}`))) expect(Number.isFinite(loss)).toBe(true);
});

test("three channels, said or not, are the same run, and grey images in three channels are what they were", async () => {
  const set = await writeImages(at("photos"));
  await pretrain(tinyConfig(set), at("plain"), recordOptions());
  await pretrain(tinyConfig(set, "model.channels=3"), at("three"), recordOptions());
  expectSameMetrics(readMetrics(at("three")), readMetrics(at("plain")), 0);
  const [plain, three] = ["plain", "three"].map((name) => readFileSync(at(name, "config.json"), "utf8"));
  expect(three).toBe(plain);
  expect(plain).not.toContain("channels");
});
