// The pictures of a run: which images they show, the same each time, and their reconstructions with given weights.

import { groupSize, type PretrainConfig } from "../config/config.js";
import { type ImageSource, type ReadOptions, readImages } from "../data/index.js";
import type { Bindable, Engine } from "../engine/index.js";
import type { ReconstructionTask } from "../methods/reconstruction-task.js";
import { channelsOf } from "../nn/presets.js";
import { randomStream } from "../random/index.js";
import { compileReconstruction, picturedCount } from "./reconstruction.js";
import { reconstructionSheet } from "./reconstruction-sheet.js";

/**
 * Drawn from the whole source, as evaluation sees them, in whole groups: [images, height, width, channels]. Some more
 * are read than are shown, so that unreadable ones are replaced.
 */
export async function pictureImages(source: ImageSource, config: PretrainConfig): Promise<Uint8Array> {
  const { seed } = config;
  const group = groupSize(config);
  const wanted = picturedCount(config);
  const candidates = randomStream(seed, "picture images", 0, 0)
    .permutation(source.count)
    .subarray(0, 3 * wanted);
  const found = await readImages({ source, indices: candidates }, { ...readingOf(config), onSkip: () => {} });
  const shown = Math.min(wanted, Math.floor(found.length / group) * group);
  return Buffer.concat(found.slice(0, shown).map(({ pixels }) => pixels));
}

/** How images are read for a model. */
export function readingOf({ model, data }: PretrainConfig): ReadOptions {
  const { imageSize, patchSize } = model;
  return { imageSize, channels: channelsOf(model), minimumSize: patchSize, background: data.background };
}

export interface Reconstructor {
  /** Draws a sheet for the images with the weights as they are now; the same plan each time. Returns a PNG file. */
  draw(caption: string): Promise<Uint8Array>;
}

/**
 * Prepares to reconstruct images [batch, height, width, channels]; `weights` are read anew at each drawing. `names`
 * are written below the originals.
 */
export async function createReconstructor(
  config: PretrainConfig,
  task: ReconstructionTask,
  pixels: Uint8Array,
  weights: Bindable,
  engine: Engine,
  names?: readonly string[],
): Promise<Reconstructor> {
  const reconstruct = await compileReconstruction(config, task, pixels, weights, engine);
  return {
    async draw(caption) {
      return reconstructionSheet({ ...(await reconstruct()), caption, names });
    },
  };
}
