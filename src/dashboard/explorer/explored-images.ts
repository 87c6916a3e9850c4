// The images that are explored: those that somebody gives, and else some of the run's own, as evaluation sees them.

import type { PretrainConfig } from "../../config/config.js";
import { type ImageSource, readImages } from "../../data/index.js";
import { randomStream } from "../../random/index.js";
import { readingOf } from "../../training/reconstructor.js";
import { UnanswerableError } from "../background/unanswerable-error.js";
import { type GivenImage, readGivenImages } from "../given-images.js";

/** Some more images are read than are shown, so that unreadable ones are replaced. */
const CANDIDATES = 3;

/** `size` images, those that are given first: [size, height, width, channels]. Throws UnanswerableError. */
export async function exploredImages(
  source: ImageSource,
  config: PretrainConfig,
  seed: number,
  given: readonly GivenImage[],
  size: number,
): Promise<Uint8Array> {
  if (given.length > size) {
    throw new UnanswerableError(
      `Expected at most ${size} images, which are shown together; found ${given.length}. Give fewer.`,
    );
  }
  const own = (await readGivenImages(given, readingOf(config))).map(({ pixels }) => pixels);
  return Buffer.concat([...own, ...(await drawImages(source, config, seed, size - own.length))]);
}

async function drawImages(
  source: ImageSource,
  config: PretrainConfig,
  seed: number,
  wanted: number,
): Promise<Uint8Array[]> {
  const candidates = randomStream(seed, "explored images", 0, 0).permutation(source.count);
  const found: Uint8Array[] = [];
  for (let first = 0; found.length < wanted && first < CANDIDATES * wanted; first += wanted) {
    const indices = candidates.subarray(first, first + wanted);
    if (indices.length === 0) break;
    const read = await readImages({ source, indices }, { ...readingOf(config), onSkip: () => {} });
    found.push(...read.map(({ pixels }) => pixels));
  }
  if (found.length < wanted) {
    throw new UnanswerableError(
      `Expected ${wanted} readable images; found ${found.length}. Shuffle, or see whether the images of the run are still ` +
        "where they were.",
    );
  }
  return found.slice(0, wanted);
}
