// The images that a run's picture sheets show: a few of its source, the same each time.

import { groupSize, type PretrainConfig } from "../config/config.js";
import { type ImageSource, readImages } from "../data/index.js";
import { randomStream } from "../random/index.js";

const WANTED = 8;

/** Images on a sheet, in whole groups, where as many can be read. */
export function picturedCount(config: PretrainConfig): number {
  const group = groupSize(config);
  return Math.max(1, Math.round(WANTED / group)) * group;
}

/**
 * Drawn from the whole source, as evaluation sees them, in whole groups: [images, imageSize, imageSize, 3]. Some more
 * are read than are shown, so that unreadable ones are replaced.
 */
export async function pictureImages(source: ImageSource, config: PretrainConfig): Promise<Uint8Array> {
  const { seed, model, data } = config;
  const group = groupSize(config);
  const wanted = picturedCount(config);
  const candidates = randomStream(seed, "picture images", 0, 0)
    .permutation(source.count)
    .subarray(0, 3 * wanted);
  const found = await readImages(
    { source, indices: candidates },
    { imageSize: model.imageSize, minimumSize: model.patchSize, background: data.background, onSkip: () => {} },
  );
  const shown = Math.min(wanted, Math.floor(found.length / group) * group);
  return Buffer.concat(found.slice(0, shown).map(({ pixels }) => pixels));
}
