// Single images as the newest checkpoint's encoder sees them: attention, nearest patches, and reconstructions.

import { reconstructs } from "../../config/checks.js";
import type { PretrainConfig } from "../../config/config.js";
import { openSource, sizeOf } from "../../data/index.js";
import { type Engine, type Executable, openEngine } from "../../engine/index.js";
import { base64Of } from "../../formats/base64.js";
import { defineProgram, input, type Tensor } from "../../graph/index.js";
import { drawPlan } from "../../methods/plan.js";
import { reconstructionProgram } from "../../methods/pretext-program.js";
import { ParameterScope } from "../../nn/parameters.js";
import { normalizePixels } from "../../nn/pixels.js";
import { channelsOf, imageShape, imageValues, patchCount } from "../../nn/presets.js";
import { visionTransformer } from "../../nn/vision-transformer.js";
import { shownChannels } from "../../pictures/shown-channels.js";
import type { Checkpoint } from "../../training/checkpoints.js";
import { reconstructionModel } from "../../training/model.js";
import { openNewestCheckpoint } from "../../training/newest-checkpoint.js";
import { type PretrainedModel, pretrainedFrom } from "../../training/pretrained.js";
import { reconstructingRun } from "../../training/reconstruct.js";
import { filledIn, imageFrom } from "../../training/reconstruction-images.js";
import { readRunConfig } from "../../training/run-config.js";
import type { ExploredImages } from "../api.js";
import { checkAttention } from "./attention-limit.js";
import { exploredImages } from "./explored-images.js";
import type { Explorer } from "./explorer.js";
import { attentionBytes, nearestPatches } from "./measures.js";

/** Images that are shown together. */
const IMAGES = 4;
/** Patches that are marked as the nearest. */
const NEAREST = 8;

/** Throws UnanswerableError where its attention is too much for a page, and what reading the run throws. */
export async function openImageExplorer(folder: string): Promise<Explorer<ExploredImages>> {
  const config = readRunConfig(folder);
  checkAttention(config, IMAGES);
  const source = await openSource(config.source, { split: config.data.split });
  const checkpoint = await openNewestCheckpoint(folder, () => {});
  const model = pretrainedFrom(checkpoint, folder, {});
  // One thread: a training beside it keeps the others.
  const engine = openEngine({ device: "cpu", threads: 1 });
  const encoder = await compileEncoder(model, engine);
  const reconstruct = await openReconstruction(config, checkpoint, engine);

  return {
    async explore({ seed, given = [] }) {
      const pixels = await exploredImages(source, config, seed, given, IMAGES);
      const began = performance.now();
      const { blocks, nearest } = await lookedAt(encoder, model, pixels);
      const seen = await reconstruct?.(pixels, seed);
      const { imageSize, patchSize, heads } = config.model;
      return {
        ...{ kind: "images", method: config.method, step: checkpoint.step, seed, segments: null },
        ...{ imageSize: sizeOf(imageSize), patchSize, heads },
        images: originals(config, pixels),
        reconstructed: seen ?? null,
        ...{ blocks, nearest, milliseconds: performance.now() - began },
      };
    },
  };
}

/** Outputs `attention.B` [images, heads, L, L] for each block B, between patches alone, and `patches` [images, L, width]. */
async function compileEncoder({ shape, normalization }: PretrainedModel, engine: Engine): Promise<Executable> {
  const outputs: Record<string, Tensor> = {};
  const images = normalizePixels(input("images", imageShape(shape, IMAGES), "uint8"), normalization);
  const { patches } = visionTransformer(new ParameterScope(), shape)(images, undefined, (block) => ({
    exclude: (logits) => {
      outputs[`attention.${block}`] = logits.softmax().slice(2, 1).slice(3, 1);
      return undefined;
    },
  }));
  return engine.compile(defineProgram("explore-images", { ...outputs, patches: patches.transpose([1, 0, 2]) }));
}

async function lookedAt(
  executable: Executable,
  { shape, tensors }: PretrainedModel,
  pixels: Uint8Array,
): Promise<Pick<ExploredImages, "blocks" | "nearest">> {
  const L = patchCount(shape);
  const weights = [...tensors].filter(([name]) => executable.program.inputs.has(name));
  const arrays = Object.fromEntries(weights.map(([name, { data }]) => [name, data]));
  const results = await executable.run({ ...arrays, images: pixels });
  const blocks = Array.from({ length: shape.depth }, (_, block) => {
    const attention = results[`attention.${block}`] as Float32Array;
    return base64Of(attentionBytes({ attention, kept: null }, L));
  });
  return { blocks, nearest: nearestPatches(results.patches as Float32Array, IMAGES, L, NEAREST) };
}

/** Of a method that reconstructs: what it is shown of each image, and what it makes of that. */
async function openReconstruction(stored: PretrainConfig, checkpoint: Checkpoint, engine: Engine) {
  if (!reconstructs(stored)) return undefined;
  const { config, task, weights } = reconstructingRun(stored, checkpoint);
  const executable = await engine.compile(reconstructionProgram(reconstructionModel(config, task, IMAGES)));
  const needed = Object.entries(weights).filter(([name]) => executable.program.inputs.has(name));

  return async (pixels: Uint8Array, seed: number): Promise<NonNullable<ExploredImages["reconstructed"]>> => {
    const plan = drawPlan(task, IMAGES, { seed, stream: "explored images", step: 1, epoch: 0, firstGroup: 0 });
    const arrays = { images: pixels, [task.planName]: plan, ...Object.fromEntries(needed) };
    const prediction = (await executable.run(arrays)).prediction as Float32Array;
    const values = { task, shape: config.model, pixels, prediction, normalization: config.data };
    const pictures = Array.from({ length: IMAGES }, (_, image) => {
      const shown = task.shownPatches(plan.subarray(image * task.planColumns, (image + 1) * task.planColumns), 0);
      return {
        shown: base64Of(imageFrom(values, (patch) => (shown[patch] === 0 ? image : undefined)).data),
        filled: base64Of(filledIn(values, image, (patch) => shown[patch] === 0).data),
      };
    });
    return {
      inputs: pictures.map(({ shown }) => shown),
      pictures: pictures.map(({ filled }) => filled),
      normPixels: task.normPixels,
    };
  };
}

function originals({ model }: PretrainConfig, pixels: Uint8Array): string[] {
  const size = imageValues(model);
  return Array.from({ length: pixels.length / size }, (_, image) => {
    const own = pixels.subarray(image * size, (image + 1) * size);
    return base64Of(shownChannels(own, channelsOf(model)));
  });
}
