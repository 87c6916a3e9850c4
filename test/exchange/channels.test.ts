// Models of images of other than three channels, in the formats of other libraries and back.
import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { InferenceSession } from "#src/engine/onnxruntime/node.js";
import { exportWeights } from "#src/exchange/export-weights.js";
import { encoderPass, runForward } from "#src/exchange/forward.js";
import { importWeights, readWeights } from "#src/exchange/import-weights.js";
import { createFeatureExtractor } from "#src/heads/features.js";
import type { EncoderShape } from "#src/nn/presets.js";
import { writeCheckpoint } from "#src/training/checkpoint-file.js";
import { describeModel } from "#src/training/model-description.js";
import { loadPretrained } from "#src/training/pretrained.js";
import { temporaryFolder } from "../files/temporary-folder.js";
import { randomEncoder } from "../heads/random-encoder.js";
import { pytorchMissing, runPython } from "../pytorch.js";
import { sameBytes } from "./weights-files.js";

const temporary = temporaryFolder();

describe.each([1, 5])("a model of %i channels", (channels) => {
  const shape: EncoderShape = { imageSize: 8, patchSize: 4, channels, width: 12, depth: 1, heads: 2, mlpRatio: 2 };
  const { tensors } = randomEncoder(shape);
  const normalization = { mean: [0.5, 0.4, 0.3, 0.2, 0.1].slice(0, channels), std: new Array(channels).fill(0.25) };
  const model = { shape, normalization, tensors, decoder: undefined, background: [255, 255, 255] as const };
  const images = Uint8Array.from({ length: 2 * 64 * channels }, (_, place) => (place * 97) & 255);
  let checkpoint: string;

  beforeEach(async () => {
    checkpoint = temporary("model.safetensors");
    const entries = [...tensors].map(([name, tensor]) => ({ name, dtype: "F32" as const, ...tensor }));
    await writeCheckpoint(checkpoint, { step: 0, tensors: entries, metadata: { model: describeModel(model) } });
  });

  test.each([
    ["safetensors", "x.safetensors"],
    ["pytorch", "x.pth"],
    ["timm", "timm.pth"],
    ["huggingface", "hf"],
  ] as const)("%s comes back bit for bit, with its channels", async (format, name) => {
    await exportWeights(checkpoint, { format, out: temporary(name) });
    // A file of timm's says nothing of normalisation.
    const { report, tensors: read } = readWeights(temporary(name), {
      heads: 2,
      ...(format === "timm" && { normalization }),
    });
    expect(report.model.shape).toEqual(shape);
    expect(report.model.normalization).toEqual(normalization);
    expect([...read.keys()].sort()).toEqual([...tensors.keys()].sort());
    for (const [key, { data }] of read) expect(sameBytes(data, tensors.get(key)!.data as Float32Array), key).toBe(true);
    if (format !== "huggingface") return;
    const config = JSON.parse(readFileSync(temporary("hf/config.json"), "utf8")) as object;
    expect(config).toMatchObject({ num_channels: channels });
    const preprocessor = JSON.parse(readFileSync(temporary("hf/preprocessor_config.json"), "utf8")) as object;
    expect(preprocessor).toMatchObject({ image_mean: normalization.mean, image_std: normalization.std });
  });

  test("its normalisation has to be given where the file does not say it", async () => {
    await exportWeights(checkpoint, { format: "timm", out: temporary("timm.pth") });
    const out = temporary("imported.safetensors");
    await expect(importWeights(temporary("timm.pth"), out, { heads: 2 })).rejects.toThrow(
      `which have ${channels}; found 3 and 3. Give those that the model was trained with: --mean and --std`,
    );
    await importWeights(temporary("timm.pth"), out, { heads: 2, normalization });
    expect((await loadPretrained(out)).normalization).toEqual(normalization);
  });

  test("an ONNX file takes as many channels, and says so", async () => {
    const { difference } = await exportWeights(checkpoint, { format: "onnx", out: temporary("x.onnx") });
    expect(difference).toBeLessThan(1e-5);
    const session = await InferenceSession.create(temporary("x.onnx"));
    const [input] = session.inputMetadata;
    expect(input).toMatchObject({ name: "pixel_values", shape: ["batch", channels, 8, 8] });
    await session.release();
  });

  test.skipIf(pytorchMissing !== undefined)("its features are those of PyTorch", async () => {
    const extractor = await createFeatureExtractor({ shape, normalization, tensors });
    const own = await extractor.extract(images);
    // Channels first, normalised by the formula itself.
    const pixels = Float32Array.from({ length: images.length }, (_, place) => {
      const [image, channel, pixel] = [
        Math.floor(place / (64 * channels)),
        Math.floor(place / 64) % channels,
        place % 64,
      ];
      const value = images[(image * 64 + pixel) * channels + channel]! / 255;
      return (value - normalization.mean[channel]!) / normalization.std[channel]!;
    });
    const expected = runPython(
      "test/reference/features.py",
      [
        ...[...tensors].map(([name, tensor]) => ({ name: `parameters/${name}`, dtype: "F32" as const, ...tensor })),
        { name: "images", dtype: "F32", shape: [2, channels, 8, 8], data: pixels },
      ],
      { depth: 1, heads: 2, patchSize: 4 },
    );
    for (const pooling of ["cls", "mean"] as const) {
      const theirs = expected.get(pooling)!.data as Float32Array;
      for (const [place, value] of own[pooling].entries()) expect(value).toBeCloseTo(theirs[place]!, 4);
    }
    const { embedding } = await runForward(encoderPass(model, "mean"), images);
    expect(embedding!.length).toBe(own.mean.length);
  });
});

test("a description with numbers for other channels is refused", async () => {
  const shape: EncoderShape = { imageSize: 8, patchSize: 4, channels: 2, width: 12, depth: 1, heads: 2, mlpRatio: 2 };
  const normalization = { mean: [0.5], std: [0.5] };
  const metadata = {
    model: describeModel({ shape, normalization, decoder: undefined, background: [255, 255, 255] }),
  };
  const path = temporary("odd.safetensors");
  const entries = [...randomEncoder(shape).tensors].map(([name, tensor]) => ({
    name,
    dtype: "F32" as const,
    ...tensor,
  }));
  await writeCheckpoint(path, { step: 0, tensors: entries, metadata });
  await expect(loadPretrained(path)).rejects.toThrow(
    "normalization: expected as many values as the images have channels",
  );
});
