// What a model makes of a mixture of images: attention, kept patches, reconstructions, with the weights that it is given.

import type { PretrainConfig } from "../../config/schema.js";
import { sizeOf } from "../../data/image-size.js";
import type { Bindable, Engine, Executable } from "../../engine/index.js";
import { base64Of } from "../../formats/base64.js";
import { drawPlan } from "../../methods/plan.js";
import { imageValues, patchCount } from "../../nn/presets.js";
import { filledIn, imageFrom } from "../../training/reconstruction-images.js";
import type { ExploredMixture } from "../api.js";
import { type ExploreProgram, exploreProgram, withoutSegments } from "./explore-program.js";
import { attentionBytes, measureBlock } from "./measures.js";

interface Compiled extends ExploreProgram {
  readonly executable: Executable;
}

export interface MixtureExploration {
  /**
   * Mixes a group of images [g, height, width, channels] as the seed says; `segments` is whether the encoder is told which
   * patches belong together, where the model has segment embeddings. `step` is that of the weights.
   */
  explore(pixels: Uint8Array, seed: number, segments: boolean, step: number): Promise<ExploredMixture>;
}

/** Of a method that mixes images. Weights are read at each exploration; programs are compiled once they are needed. */
export function mixtureExploration(config: PretrainConfig, weights: Bindable, engine: Engine): MixtureExploration {
  const compile = async (shown: PretrainConfig): Promise<Compiled> => {
    const made = exploreProgram(shown);
    return { ...made, executable: await engine.compile(made.program) };
  };
  const hasSegments = (config.methodOptions as { segmentEmbedding?: boolean }).segmentEmbedding === true;
  let [told, untold]: (Promise<Compiled> | undefined)[] = [];

  return {
    async explore(pixels, seed, segments, step) {
      const isTold = hasSegments && segments;
      if (isTold || !hasSegments) told ??= compile(config);
      else untold ??= compile(withoutSegments(config));
      const compiled = await (isTold || !hasSegments ? told : untold)!;
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
  weights: Bindable,
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
    images: images.map((image) => base64Of(imageFrom(values, () => image).data)),
    mixture: base64Of(imageFrom(values, (patch) => sources[patch]).data),
    reconstructions: images.map((image) => {
      const shown = task.shownPatches(plan, image);
      return base64Of(filledIn(values, image, (patch) => shown[patch] === image).data);
    }),
    normPixels: task.normPixels,
    blocks: keepsTop.map((hasTop, block) => {
      const attention = results[`attention.${block}`] as Float32Array;
      const kept = hasTop ? (results[`kept.${block}`] as Float32Array) : null;
      const seen = { attention, kept };
      const bytes = base64Of(attentionBytes(seen, L));
      return { keepsTop: hasTop, ...measureBlock(seen, sources, images.length), attention: bytes };
    }),
    methodPrecision: results.topkPrecision ? [...(results.topkPrecision as Float32Array)] : [],
  };
}
