// Applies a model to images of a source in groups, in their order: what can be read of them.

import { isShortage } from "../data/image-fault.js";
import { reasonOf } from "../data/image-reader.js";
import type { WholeImage, WholeImages } from "../data/index.js";

/** A model that takes some images at once. */
export interface ImageModel<Predicted> {
  readonly batch: number;
  /** What it says of each, in their order. */
  predict(images: readonly WholeImage[]): AsyncGenerator<Predicted>;
}

/** An image, what was predicted of it, and how many images were done with it. */
export interface PredictedImage<Predicted> {
  readonly index: number;
  readonly image: WholeImage;
  readonly predicted: Predicted;
  readonly done: number;
}

/** Decoded images that wait for their group, in bytes. */
const MOST_BYTES = 2 ** 27;

/** Those from `first` on, before `end`. `onUnreadable` is told which image could not be read and why; what it throws ends all. */
export async function* predictAll<Predicted>(
  { batch, predict }: ImageModel<Predicted>,
  images: WholeImages,
  [first, end]: readonly [first: number, end: number],
  onUnreadable: (index: number, reason: string) => void,
): AsyncGenerator<PredictedImage<Predicted>> {
  let group: { index: number; image: WholeImage }[] = [];
  let bytes = 0;
  for (let index = first; index < end; index++) {
    try {
      const image = await images.read(index);
      group.push({ index, image });
      bytes += image.pixels.length;
    } catch (error) {
      if (isShortage(error)) throw error;
      onUnreadable(index, reasonOf(error));
    }
    if (group.length < batch && bytes < MOST_BYTES && index + 1 < end) continue;
    let place = 0;
    for await (const predicted of predict(group.map(({ image }) => image))) {
      const shown = group[place++]!;
      yield { ...shown, predicted, done: shown.index + 1 - first };
    }
    [group, bytes] = [[], 0];
  }
}
