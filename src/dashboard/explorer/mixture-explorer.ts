// Mixtures of a run's own images as its newest checkpoint sees them: attention, kept patches, reconstructions.

import { groupSize, type PretrainConfig } from "../../config/config.js";
import { openSource, sizeOf } from "../../data/index.js";
import { type Arrays, type Executable, openEngine } from "../../engine/index.js";
import { drawPlan } from "../../methods/plan.js";
import { imageValues, patchCount } from "../../nn/presets.js";
import { openReconstructingRun } from "../../training/reconstruct.js";
import { filledIn, imageFrom } from "../../training/reconstruction-images.js";
import { pictureBase64 } from "../../training/reconstruction-sheet.js";
import { readReconstructingConfig } from "../../training/run-config.js";
import type { ExploredMixture } from "../api.js";
import { type ExploreProgram, exploreProgram, withoutSegments } from "./explore-program.js";
import { checkAttention, exploredImages } from "./explored-images.js";
import type { Explorer } from "./explorer.js";
import { attentionBytes, measureBlock } from "./measures.js";

interface Compiled extends ExploreProgram {
  readonly executable: Executable;
}

/** Throws UnanswerableError where its attention is too much for a page, and what reading the run and its images throws. */
export async function openMixtureExplorer(folder: string): Promise<Explorer<ExploredMixture>> {
  checkAttention(readReconstructingConfig(folder), 1);
  const { config, weights, step } = await openReconstructingRun(folder, () => {});
  const source = await openSource(config.source, { split: config.data.split });
  // One thread: a training beside it keeps the others.
  const engine = openEngine({ device: "cpu", threads: 1 });
  const compile = async (shown: PretrainConfig): Promise<Compiled> => {
    const made = exploreProgram(shown);
    return { ...made, executable: await engine.compile(made.program) };
  };
  const hasSegments = (config.methodOptions as { segmentEmbedding?: boolean }).segmentEmbedding === true;
  let [told, untold]: (Promise<Compiled> | undefined)[] = [];

  return {
    async explore({ seed, segments, given = [] }) {
      const isTold = hasSegments && segments;
      if (isTold || !hasSegments) told ??= compile(config);
      else untold ??= compile(withoutSegments(config));
      const compiled = await (isTold || !hasSegments ? told : untold)!;
      const pixels = await exploredImages(source, config, seed, given, groupSize(config));
      const began = performance.now();
      const seen = await explored(compiled, config, weights, pixels, seed);
      const segmentsTold = hasSegments ? isTold : null;
      return { step, seed, segments: segmentsTold, milliseconds: performance.now() - began, ...seen };
    },
  };
}

async function explored(
  { task, executable, program, keepsTop }: Compiled,
  config: PretrainConfig,
  weights: Arrays,
  pixels: Uint8Array,
  seed: number,
): Promise<Omit<ExploredMixture, "step" | "seed" | "segments" | "milliseconds">> {
  const { model, method } = config;
  const L = patchCount(model);
  const plan = drawPlan(task, 1, { seed, stream: "explored mixture", step: 1, epoch: 0, firstGroup: 0 });
  // Behind M, where only some groups are told: this one is.
  if (task.planColumns > L) plan[L] = 1;
  const needed = Object.entries(weights).filter(([name]) => program.inputs.has(name));
  const results = await executable.run({ images: pixels, [task.planName]: plan, ...Object.fromEntries(needed) });
  const sources = task.shownPatches(plan, 0);
  const prediction = results.prediction as Float32Array;
  const values = { task, shape: model, pixels, prediction, normalization: config.data };
  const images = Array.from({ length: pixels.length / imageValues(model) }, (_, image) => image);
  return {
    kind: "mixture",
    method,
    imageSize: sizeOf(model.imageSize),
    patchSize: model.patchSize,
    heads: model.heads,
    sources: [...sources],
    images: images.map((image) => pictureBase64(imageFrom(values, () => image))),
    mixture: pictureBase64(imageFrom(values, (patch) => sources[patch])),
    reconstructions: images.map((image) => {
      const shown = task.shownPatches(plan, image);
      return pictureBase64(filledIn(values, image, (patch) => shown[patch] === image));
    }),
    normPixels: task.normPixels,
    blocks: keepsTop.map((hasTop, block) => {
      const attention = results[`attention.${block}`] as Float32Array;
      const kept = hasTop ? (results[`kept.${block}`] as Float32Array) : null;
      const seen = { attention, kept };
      const bytes = Buffer.from(attentionBytes(seen, L)).toString("base64");
      return { keepsTop: hasTop, ...measureBlock(seen, sources, images.length), attention: bytes };
    }),
    methodPrecision: results.topkPrecision ? [...(results.topkPrecision as Float32Array)] : [],
  };
}
