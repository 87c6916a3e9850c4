// Segments images of a source in groups, in their order: what can be read of them.

import { isShortage } from "../../data/image-fault.js";
import { reasonOf } from "../../data/image-reader.js";
import type { WholeImage, WholeImages } from "../../data/index.js";
import type { ImageSegmenter } from "./segment-image.js";

/** An image, the classes of its pixels, and how many images were done with it. */
export interface SegmentedImage {
  readonly index: number;
  readonly image: WholeImage;
  readonly predicted: Uint8Array;
  readonly done: number;
}

/** Decoded images that wait for their windows, in bytes. */
const MOST_BYTES = 2 ** 27;

/** `onUnreadable` is told which image could not be read and why; what it throws ends all. */
export async function* segmentAll(
  { batch, segment }: ImageSegmenter,
  images: WholeImages,
  count: number,
  onUnreadable: (index: number, reason: string) => void,
): AsyncGenerator<SegmentedImage> {
  let group: { index: number; image: WholeImage }[] = [];
  let bytes = 0;
  for (let index = 0; index < count; index++) {
    try {
      const image = await images.read(index);
      group.push({ index, image });
      bytes += image.pixels.length;
    } catch (error) {
      if (isShortage(error)) throw error;
      onUnreadable(index, reasonOf(error));
    }
    if (group.length < batch && bytes < MOST_BYTES && index + 1 < count) continue;
    let place = 0;
    for await (const predicted of segment(group.map(({ image }) => image))) {
      const shown = group[place++]!;
      yield { ...shown, predicted, done: shown.index + 1 };
    }
    [group, bytes] = [[], 0];
  }
}
