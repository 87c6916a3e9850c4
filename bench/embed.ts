// Embedding side by side: ours, the engine's raw matrix products, PyTorch's forward, the exported ONNX, and from files.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEngine } from "#src/engine/index.js";
import { InferenceSession, Tensor as OrtTensor } from "#src/engine/onnxruntime/node.js";
import { embed } from "#src/evaluations/embed.js";
import { openModel } from "#src/evaluations/model.js";
import { exportEncoder } from "#src/exchange/export-onnx.js";
import { countMultiplyAdds, defineProgram, input, type Program } from "#src/graph/index.js";
import { createFeatureExtractor } from "#src/heads/features.js";
import { ParameterScope } from "#src/nn/parameters.js";
import { normalizePixels } from "#src/nn/pixels.js";
import { imageShape, imageValues, type ModelPreset } from "#src/nn/presets.js";
import { visionTransformer } from "#src/nn/vision-transformer.js";
import { randomStream } from "#src/random/index.js";
import type { PretrainedModel } from "#src/training/pretrained.js";
import { rawProducts } from "./ceiling.js";
import { median, shareOfLimit } from "./measure.js";
import { torchForwardMs } from "./torch.js";

export interface EmbedReport {
  readonly name: string;
  readonly batch: number;
  /** With the images in memory. */
  readonly imagesPerSecond: number;
  readonly gflops: number;
  readonly shareOfCeiling: number;
  /** How many times faster than PyTorch's forward; null where it is not installed. */
  readonly torchFloat32Ratio: number | null;
  /** How many times faster than our own path the exported file is in ONNX Runtime, on the same batch. */
  readonly onnxRatio: number;
}

export interface EmbedFilesReport {
  readonly files: number;
  readonly imagesPerSecond: number;
  /** Of the time that embedding took: what waited for images to be decoded. */
  readonly decodeShare: number;
}

export interface EmbedOptions {
  readonly models: readonly ModelPreset[];
  readonly threads: number;
  readonly rounds: number;
  readonly torch: boolean;
}

export async function benchEmbedding(options: EmbedOptions, report: (line: string) => void): Promise<EmbedReport[]> {
  const reports: EmbedReport[] = [];
  for (const preset of options.models) {
    report(`measuring ${preset}`);
    reports.push(await measure(preset, options));
  }
  return reports;
}

async function measure(preset: ModelPreset, { threads, rounds, torch }: EmbedOptions): Promise<EmbedReport> {
  const model = await openModel({ from: "scratch", preset });
  const extractor = await createFeatureExtractor(model, openEngine({ threads }));
  const { batch } = extractor;
  const stream = randomStream(0, "images", 0, 0);
  const pixels = Uint8Array.from({ length: batch * imageValues(model.shape) }, () => stream.integer(256));

  const exported = await exportEncoder(model, "mean", "bench");
  const session = await InferenceSession.create(exported.bytes, { intraOpNumThreads: threads, logSeverityLevel: 3 });
  const [, height, width] = imageShape(model.shape, batch);
  const values = Float32Array.from(pixels, (value) => value / 255);
  const feeds = { pixel_values: new OrtTensor("float32", values, [batch, 3, height, width]) };

  const program = featureProgram(model, batch);
  const productsMs = await rawProducts(program, threads);
  const timed = async (run: () => Promise<unknown>) => {
    const began = performance.now();
    await run();
    return performance.now() - began;
  };
  const [own, onnx, products]: [number[], number[], number[]] = [[], [], []];
  await extractor.extract(pixels);
  await session.run(feeds, ["embedding"]);
  for (let round = 0; round < rounds; round++) {
    own.push(await timed(() => extractor.extract(pixels)));
    onnx.push(await timed(() => session.run(feeds, ["embedding"])));
    products.push(await productsMs());
  }
  await session.release();
  const ms = median(own);
  const torchMs = torch ? torchForwardMs({ ...model.shape, batch }, threads) : null;
  return {
    name: preset,
    batch,
    imagesPerSecond: rounded((1000 * batch) / ms),
    gflops: rounded((2 * countMultiplyAdds(program)) / 1e6 / ms),
    shareOfCeiling: rounded(shareOfLimit(own, products)),
    torchFloat32Ratio: torchMs === null ? null : rounded(torchMs / ms),
    onnxRatio: rounded(ms / median(onnx)),
  };
}

function featureProgram({ shape, normalization }: PretrainedModel, batch: number): Program {
  const images = input("images", imageShape(shape, batch), "uint8");
  const { cls, patches } = visionTransformer(new ParameterScope(), shape)(normalizePixels(images, normalization));
  return defineProgram("features", { cls, mean: patches.mean([0]) });
}

/** Embeds image files as the command does, decoding and all, with a run, a checkpoint or "scratch". */
export async function benchEmbeddingFiles(from: string, source: string, threads: number): Promise<EmbedFilesReport> {
  const folder = mkdtempSync(join(tmpdir(), "mixedae-bench-"));
  try {
    const out = join(folder, "features.npy");
    const { images, seconds, waitSeconds } = await embed({
      from,
      source,
      split: "train",
      out,
      pooling: "mean",
      threads,
    });
    return {
      files: images,
      imagesPerSecond: rounded(images / seconds),
      decodeShare: Number((waitSeconds / seconds).toFixed(4)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
