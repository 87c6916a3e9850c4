// A few images of a source as they are, drawn once: for pictures of what a model learns.

import { isShortage } from "../data/image-fault.js";
import { type ImageSource, openWholeImages, type WholeImage, type WholeImageOptions } from "../data/index.js";
import { randomStream } from "../random/index.js";

/** One of them, and where it is in the source. */
export interface SampledImage {
  readonly index: number;
  readonly image: WholeImage;
}

/** Of so many candidates, for some may not be readable. */
const CANDIDATES = 32;

/** At most `count` images that can be read, drawn from the seed. */
export async function sampleImages(
  source: ImageSource,
  options: WholeImageOptions,
  { seed, stream, count }: { readonly seed: number; readonly stream: string; readonly count: number },
): Promise<SampledImage[]> {
  const images = openWholeImages(source, options);
  const found: SampledImage[] = [];
  try {
    const order = randomStream(seed, stream, 0, 0).permutation(source.count);
    for (const index of order.subarray(0, CANDIDATES)) {
      if (found.length === count) break;
      try {
        found.push({ index, image: await images.read(index) });
      } catch (error) {
        // One that cannot be read is named when the set is tested.
        if (isShortage(error)) throw error;
      }
    }
  } finally {
    images.close();
  }
  return found;
}
